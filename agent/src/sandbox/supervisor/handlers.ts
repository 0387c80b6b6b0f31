import type { PodWorker } from '../kubelet/pod-worker.ts';
import { OUTSIDE } from '../protocol.ts';
import type { Handlers } from './control-server.ts';
import { findPod } from './find-pod.ts';
import { summarize } from './summary.ts';
import { applyAll, type Supervisor } from './supervisor.ts';

/** `outside/<host>` is a host outside of the cluster; everything else is a pod. */
function workerOf({ store, kubelets, outside }: Supervisor, reference: string): PodWorker | undefined {
  const host = reference.startsWith(`${OUTSIDE}/`)
    ? outside.workers.get(reference.slice(OUTSIDE.length + 1))
    : undefined;
  if (host !== undefined) return host;
  const { uid } = findPod(store, reference).metadata;
  return kubelets.map((kubelet) => kubelet.worker(uid)).find((worker) => worker !== undefined);
}

/** What the control socket answers. `stop` ends the process, so its answer is sent a moment before. */
export function controlHandlers(supervisor: Supervisor, stop: () => void): Handlers {
  const { store, api } = supervisor;
  return {
    status: () => supervisor.summary(),
    pod: ({ pod }) => summarize(findPod(store, pod)),
    enter: ({ pod: reference, command, container }) => {
      const plan = workerOf(supervisor, reference)?.enter(command, container);
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
