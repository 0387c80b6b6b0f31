import {
  asPod,
  asWorkload,
  isFinished,
  isReady,
  isTerminating,
  type Pod,
  RESOURCES,
  type WorkloadObject,
} from '../cluster/objects.ts';
import type { ObjectStore } from '../kube-api/store.ts';
import { logTail } from '../kubelet/log-tail.ts';
import type { ServiceProxy } from '../network/service-proxy.ts';
import { summarize } from './summary.ts';

export interface SettleOptions {
  readonly store: ObjectStore;
  readonly proxy: ServiceProxy;
  readonly timeoutMs: number;
  /** Where to look for what an unready pod has written. */
  readonly stateDir: string;
}

/**
 * Done when every pod is ready or has finished, every workload has its pods, and the nodes' rules know them;
 * throws with what is missing when that takes longer.
 */
export async function settle({ store, proxy, timeoutMs, stateDir }: SettleOptions): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (
    let missing = await stable(store, stateDir);
    missing.length > 0;
    missing = await stable(store, stateDir)
  ) {
    const left = deadline - performance.now();
    if (left <= 0) throw new Error(`not ready after ${timeoutMs} ms:\n${missing.join('\n')}`);
    await nextChange(store, left);
  }
  await proxy.settled();
}

/**
 * What is missing also when the controllers have seen the present state: they work in the event loop's next turn,
 * where the last change may have made them make or remove something.
 */
async function stable(store: ObjectStore, stateDir: string): Promise<string[]> {
  const missing = unready(store, stateDir);
  if (missing.length > 0) return missing;
  await new Promise((resolve) => setImmediate(resolve));
  return unready(store, stateDir);
}

const unready = (store: ObjectStore, stateDir: string): string[] => [
  ...store
    .list(RESOURCES.pods)
    .map(asPod)
    .filter(isWaitedFor)
    .map((pod) => describe(pod, stateDir)),
  ...untouched(store),
];

/** A pod that has finished is done, unless it never could run; one that is being deleted is done when it is gone. */
function isWaitedFor(pod: Pod): boolean {
  if (isTerminating(pod)) return true;
  return isFinished(pod) ? pod.status?.reason !== undefined : !isReady(pod);
}

function describe(pod: Pod, stateDir: string): string {
  const { namespace, name, phase, message } = summarize(pod);
  const lastWords = logTail(stateDir, pod, 5).replaceAll(/^(?=.)/gm, '  | ');
  const what = `pod ${namespace}/${name}: ${phase}${message === undefined ? '' : ` (${message})`}`;
  return lastWords === '' ? what : `${what}\n${lastWords}`;
}

const WORKLOADS = [
  RESOURCES.deployments,
  RESOURCES.replicaSets,
  RESOURCES.statefulSets,
  RESOURCES.daemonSets,
  RESOURCES.jobs,
  RESOURCES.cronJobs,
] as const;

/** Workloads that their controller hasn't looked at yet, and so not made the pods of. */
const untouched = (store: ObjectStore): string[] =>
  WORKLOADS.flatMap((resource) => store.list(resource).map(asWorkload))
    .filter((workload) => !isTouched(workload))
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}: not started yet`);

function isTouched({ kind, status, metadata }: WorkloadObject): boolean {
  if (kind === 'Job') return status?.active !== undefined;
  if (kind === 'CronJob') return status?.lastScheduleTime !== undefined;
  return status?.observedGeneration === metadata.generation;
}

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
