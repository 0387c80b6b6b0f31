import type { KubeObject } from '../object.ts';
import { age, humanDuration } from './age.ts';
import { AGE, type Column, column, field, NAME, wide } from './column.ts';
import { at, listAt, numberAt, pairsAt, textAt } from './read.ts';

const CONTAINERS = wide('Containers', (object) => namesOf(object, 'name'));
const IMAGES = wide('Images', (object) => namesOf(object, 'image'));
const SELECTOR = wide('Selector', (object) => pairsAt(object, 'spec.selector.matchLabels'));

const count = (name: string, path: string): Column => column(name, (object) => numberAt(object, path));

/** `kubectl get` for what runs, by resource name. */
export const WORKLOAD_COLUMNS: ReadonlyMap<string, readonly Column[]> = new Map([
  [
    'pods',
    [
      NAME,
      column('Ready', readyContainers),
      column('Status', podStatus),
      column('Restarts', restarts),
      AGE,
      field('IP', 'status.podIP', 1),
      field('Node', 'spec.nodeName', 1),
      field('Nominated Node', 'status.nominatedNodeName', 1),
      wide('Readiness Gates', () => '<none>'),
    ],
  ],
  [
    'deployments.apps',
    [
      NAME,
      column('Ready', readyReplicas),
      count('Up-to-date', 'status.updatedReplicas'),
      count('Available', 'status.availableReplicas'),
      AGE,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
  ],
  [
    'replicasets.apps',
    [
      NAME,
      count('Desired', 'spec.replicas'),
      count('Current', 'status.replicas'),
      count('Ready', 'status.readyReplicas'),
      AGE,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
  ],
  ['statefulsets.apps', [NAME, column('Ready', readyReplicas), AGE, CONTAINERS, IMAGES]],
  [
    'daemonsets.apps',
    [
      NAME,
      count('Desired', 'status.desiredNumberScheduled'),
      count('Current', 'status.currentNumberScheduled'),
      count('Ready', 'status.numberReady'),
      count('Up-to-date', 'status.updatedNumberScheduled'),
      count('Available', 'status.numberAvailable'),
      column('Node Selector', (object) => pairsAt(object, 'spec.template.spec.nodeSelector')),
      AGE,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
  ],
  [
    'jobs.batch',
    [
      NAME,
      column(
        'Completions',
        (object) => `${numberAt(object, 'status.succeeded')}/${numberAt(object, 'spec.completions')}`,
      ),
      column('Duration', jobDuration),
      AGE,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
  ],
  [
    'cronjobs.batch',
    [
      NAME,
      field('Schedule', 'spec.schedule'),
      column('Suspend', (object) => (at(object, 'spec.suspend') === true ? 'True' : 'False')),
      column('Active', (object) => listAt(object, 'status.active').length),
      column('Last Schedule', (object, now) => {
        const last = at(object, 'status.lastScheduleTime');
        return last === undefined ? '<none>' : age(last, now);
      }),
      AGE,
    ],
  ],
]);

function readyContainers(object: KubeObject): string {
  const ready = listAt(object, 'status.containerStatuses').filter((status) => at(status, 'ready') === true);
  return `${ready.length}/${listAt(object, 'spec.containers').length}`;
}

function restarts(object: KubeObject): number {
  return listAt(object, 'status.containerStatuses').reduce<number>(
    (total, status) => total + numberAt(status, 'restartCount'),
    0,
  );
}

/** The phase, unless a container has something more telling to say, as `kubectl` has always shown it. */
function podStatus(object: KubeObject): string {
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  let status = textAt(object, 'status.reason', textAt(object, 'status.phase', 'Unknown'));
  for (const container of listAt(object, 'status.containerStatuses').toReversed()) {
    const waiting = textAt(container, 'state.waiting.reason');
    const terminated = textAt(container, 'state.terminated.reason');
    if (waiting !== '') status = waiting;
    else if (terminated !== '') status = terminated;
    else if (at(container, 'state.terminated') !== undefined) {
      status = `ExitCode:${numberAt(container, 'state.terminated.exitCode')}`;
    }
  }
  return status;
}

function readyReplicas(object: KubeObject): string {
  return `${numberAt(object, 'status.readyReplicas')}/${numberAt(object, 'spec.replicas')}`;
}

function jobDuration(object: KubeObject, now: number): string {
  const start = Date.parse(textAt(object, 'status.startTime'));
  if (Number.isNaN(start)) return '';
  const end = Date.parse(textAt(object, 'status.completionTime'));
  return humanDuration(Math.floor(((Number.isNaN(end) ? now : end) - start) / 1000));
}

const namesOf = (object: KubeObject, member: string): string =>
  listAt(object, 'spec.template.spec.containers')
    .map((container) => textAt(container, member))
    .join(',');
