import type { Handlers } from './control-server.ts';
import { findPod } from './find-pod.ts';
import { summarize } from './summary.ts';
import { applyAll, type Supervisor } from './supervisor.ts';

/** What the control socket answers. `stop` ends the process, so its answer is sent a moment before. */
export function controlHandlers(supervisor: Supervisor, stop: () => void): Handlers {
  const { store, kubelets, api } = supervisor;
  return {
    status: () => supervisor.summary(),
    pod: ({ pod }) => summarize(findPod(store, pod)),
    enter: ({ pod: reference, command, container }) => {
      const pod = findPod(store, reference);
      const workers = kubelets.map((kubelet) => kubelet.worker(pod.metadata.uid));
      const plan = workers.find((worker) => worker !== undefined)?.enter(command, container);
      if (plan !== undefined) return plan;
      throw new Error(
        `pod \`${reference}\` has no running container${container === undefined ? '' : ` \`${container}\``}`,
      );
    },
    apply: ({ objects }) => {
      applyAll(store, objects);
      return null;
    },
    remove: ({ resource, namespace, name }) => {
      const removed = store.remove(resource, namespace, name);
      if (!removed.ok) throw new Error(removed.error.message);
      return null;
    },
    settle: async ({ timeoutMs }) => {
      await supervisor.settle(timeoutMs);
      return null;
    },
    kubeApi: ({ action }) => {
      if (action === 'pause') api.pause();
      else if (action === 'resume') api.resume();
      else if (action === 'drop-watches') api.dropWatches();
      else store.compact();
      return null;
    },
    stop: () => {
      setImmediate(stop);
      return null;
    },
  };
}
