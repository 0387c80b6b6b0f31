import { describe, expect, it } from 'vitest';
import type { Pod, PodStatus, WorkloadObject } from '../../cluster/objects.ts';
import type { ObjectInput } from '../../kube-api/object.ts';
import {
  planDaemonSet,
  planJob,
  planReplicaSet,
  planStatefulSet,
  REVISION_LABEL,
  replicaSetOf,
} from './plan.ts';

let clock = 0;

const meta = (name: string) => {
  clock += 1;
  return {
    name,
    namespace: 'shop',
    uid: name,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: new Date(clock * 1000).toISOString(),
  };
};

const workload = (kind: string, spec: Partial<WorkloadObject['spec']> = {}): WorkloadObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: meta('web'),
  spec: { template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } }, ...spec },
});

const READY: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

const pod = (
  name: string,
  more: { nodeName?: string; status?: PodStatus; labels?: Record<string, string> } = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...meta(name), labels: more.labels ?? {} },
  spec: { containers: [], ...(more.nodeName === undefined ? {} : { nodeName: more.nodeName }) },
  status: more.status ?? READY,
});

const names = (objects: readonly (Pod | ObjectInput)[]) => objects.map(({ metadata }) => metadata.name);
const asPods = (objects: readonly ObjectInput[]) =>
  objects.map((one) =>
    pod(one.metadata.name ?? '', {
      nodeName: (one['spec'] as Pod['spec']).nodeName ?? '',
      labels: { ...one.metadata.labels },
    }),
  );

describe('a ReplicaSet', () => {
  it('makes what is missing, counting only what still runs', () => {
    const finished = pod('old', { status: { phase: 'Failed' } });
    const { create, remove } = planReplicaSet(workload('ReplicaSet', { replicas: 3 }), [pod('a'), finished]);
    expect(create).toHaveLength(2);
    expect(new Set(names(create)).size).toBe(2);
    expect(remove).toEqual([]);
    expect(create[0]?.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', controller: true }]);
  });

  it('removes the youngest', () => {
    const { create, remove, status } = planReplicaSet(workload('ReplicaSet', { replicas: 1 }), [
      pod('a'),
      pod('b'),
    ]);
    expect([create, names(remove)]).toEqual([[], ['b']]);
    expect(status).toMatchObject({ replicas: 1, readyReplicas: 1 });
  });
});

describe('a Deployment', () => {
  it('has another ReplicaSet for another template, and the same for the same', () => {
    const deployment = workload('Deployment', { replicas: 2 });
    const changed = workload('Deployment', {
      replicas: 2,
      template: { spec: { containers: [{ name: 'x', command: ['y'] }] } },
    });
    expect(replicaSetOf(deployment).name).toBe(replicaSetOf({ ...deployment }).name);
    expect(replicaSetOf(deployment).name).toMatch(/^web-[a-z0-9]{10}$/);
    expect(replicaSetOf(changed).name).not.toBe(replicaSetOf(deployment).name);
  });
});

describe('a StatefulSet', () => {
  it('gives its pods names and hostnames that stay', () => {
    const { create, remove } = planStatefulSet(workload('StatefulSet', { replicas: 2, serviceName: 'db' }), [
      pod('web-1'),
      pod('web-2'),
    ]);
    expect([names(create), names(remove)]).toEqual([['web-0'], ['web-2']]);
    expect(create[0]?.['spec']).toMatchObject({ hostname: 'web-0', subdomain: 'db' });
  });
});

describe('a DaemonSet', () => {
  const nodes = ['a', 'b'];
  const before = workload('DaemonSet');
  const after = (maxSurge?: number) =>
    workload('DaemonSet', {
      template: { spec: { containers: [{ name: 'new' }] } },
      ...(maxSurge === undefined ? {} : { updateStrategy: { rollingUpdate: { maxSurge } } }),
    });
  const first = planDaemonSet(before, [], nodes).create;

  it('has a pod on every node and none elsewhere', () => {
    expect(first.map(({ spec }) => (spec as Pod['spec']).nodeName)).toEqual(nodes);
    const stray = pod('stray', { nodeName: 'gone' });
    const { create, remove, status } = planDaemonSet(before, [...asPods(first), stray], nodes);
    expect([create, names(remove)]).toEqual([[], ['stray']]);
    expect(status).toMatchObject({ desiredNumberScheduled: 2, numberReady: 2 });
  });

  it('lets the old pod go before the new one comes', () => {
    const old = asPods(first);
    const { create, remove } = planDaemonSet(after(), old, nodes);
    expect([create, names(remove)]).toEqual([[], names(old)]);
    const ending = old.map((one) => ({
      ...one,
      metadata: { ...one.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    }));
    expect(planDaemonSet(after(), ending, nodes)).toMatchObject({ create: [], remove: [] });
    expect(planDaemonSet(after(), [], nodes).create).toHaveLength(2);
  });

  it('with surge, lets the old pod go when the new one is ready', () => {
    const old = asPods(first);
    const surging = planDaemonSet(after(1), old, nodes);
    expect([surging.create.length, surging.remove]).toEqual([2, []]);
    const [ready, ...starting] = asPods(surging.create).map((one, index) =>
      index === 0 ? one : { ...one, status: { phase: 'Pending' as const } },
    );
    const { remove } = planDaemonSet(
      after(1),
      [...old, ...(ready === undefined ? [] : [ready]), ...starting],
      nodes,
    );
    expect(names(remove)).toEqual([old[0]?.metadata.name]);
    expect(ready?.metadata.labels?.[REVISION_LABEL]).not.toBe(old[0]?.metadata.labels?.[REVISION_LABEL]);
  });
});

describe('a Job', () => {
  const succeeded = pod('s', { status: { phase: 'Succeeded' } });
  const failed = (name: string) => pod(name, { status: { phase: 'Failed' } });

  it('runs until enough have succeeded, so many at a time', () => {
    const job = workload('Job', { completions: 3, parallelism: 2 });
    expect(planJob(job, []).create).toHaveLength(2);
    expect(planJob(job, [succeeded, pod('running')]).create).toHaveLength(1);
    const done = planJob(job, [succeeded, succeeded, succeeded]);
    expect(done).toMatchObject({ create: [], status: { succeeded: 3, conditions: [{ type: 'Complete' }] } });
  });

  it('gives up after too many failures', () => {
    const job = workload('Job', { backoffLimit: 1 });
    expect(planJob(job, [failed('a')]).create).toHaveLength(1);
    expect(planJob(job, [failed('a'), failed('b')])).toMatchObject({
      create: [],
      status: { failed: 2, conditions: [{ type: 'Failed' }] },
    });
  });
});
