import { asPod, isFinished, isReady, type Pod, RESOURCES } from '../cluster/objects.ts';
import type { ObjectStore } from '../kube-api/store.ts';
import type { ServiceProxy } from '../network/service-proxy.ts';
import { summarize } from './summary.ts';

export interface SettleOptions {
  readonly store: ObjectStore;
  readonly proxy: ServiceProxy;
  readonly timeoutMs: number;
}

/**
 * Done when every pod is ready or has finished, every workload has its pods, and the nodes' rules know them;
 * throws with what is missing when that takes longer.
 */
export async function settle({ store, proxy, timeoutMs }: SettleOptions): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (true) {
    const missing = unready(store);
    if (missing.length === 0) break;
    const left = deadline - performance.now();
    if (left <= 0) throw new Error(`not ready after ${timeoutMs} ms: ${missing.join('; ')}`);
    await nextChange(store, left);
  }
  // The slices follow the pods' readiness in the event loop's next turn.
  await new Promise((resolve) => setImmediate(resolve));
  await proxy.settled();
}

const unready = (store: ObjectStore): string[] => [
  ...store.list(RESOURCES.pods).map(asPod).filter(isWaitedFor).map(describe),
  ...short(store),
];

const isWaitedFor = (pod: Pod): boolean =>
  isFinished(pod) ? pod.status?.reason !== undefined : !isReady(pod);

function describe(pod: Pod): string {
  const { namespace, name, phase, message } = summarize(pod);
  return `pod ${namespace}/${name}: ${phase}${message === undefined ? '' : ` (${message})`}`;
}

/** Workloads whose controller has not made all of their pods yet. */
const short = (store: ObjectStore): string[] =>
  [RESOURCES.deployments, RESOURCES.replicaSets, RESOURCES.statefulSets, RESOURCES.daemonSets]
    .flatMap((resource) => store.list(resource))
    .filter((object) => {
      const status = object['status'] as { observedGeneration?: number } | undefined;
      return status?.observedGeneration !== object.metadata.generation;
    })
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}: not started yet`);

function nextChange(store: ObjectStore, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
      resolve();
    };
    const timer = setTimeout(done, withinMs);
    const stops = Object.values(RESOURCES).map((resource) => store.subscribe(resource, done));
  });
}
