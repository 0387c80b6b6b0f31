import { expect, test } from 'vitest';
import type { PodInfo } from './cluster-objects.ts';
import { workloadOf } from './workload.ts';

const pod = (owner: PodInfo['owner'], labels: Record<string, string> = {}): PodInfo => ({
  uid: 'u1',
  namespace: 'shop',
  name: 'orders-5f6d-x2x',
  node: 'n1',
  serviceAccount: 'orders',
  hostIPs: [],
  podIPs: ['10.0.1.4'],
  labels,
  annotations: {},
  hostNetwork: false,
  privileged: false,
  phase: 'Running',
  deletionTimestamp: null,
  runtimeClass: null,
  owner,
});

const hash = (value: string) => ({ 'pod-template-hash': value });

test.each([
  ['a Deployment', { kind: 'ReplicaSet', name: 'orders-5f6d' }, hash('5f6d'), 'Deployment/orders'],
  ['a bare ReplicaSet', { kind: 'ReplicaSet', name: 'orders' }, {}, 'ReplicaSet/orders'],
  [
    'a ReplicaSet named unlike its hash',
    { kind: 'ReplicaSet', name: 'orders-1' },
    hash('2'),
    'ReplicaSet/orders-1',
  ],
  ['a ReplicaSet with nothing but the hash', { kind: 'ReplicaSet', name: '-1' }, hash('1'), 'ReplicaSet/-1'],
  ['a Job', { kind: 'Job', name: 'migrate' }, {}, 'Job/migrate'],
  ['a CronJob', { kind: 'Job', name: 'night-report-29312345' }, {}, 'CronJob/night-report'],
  ['a Job named by a date', { kind: 'Job', name: 'report-20260801' }, {}, 'Job/report-20260801'],
  ['a Job named by a time', { kind: 'Job', name: 'report-20270801120000' }, {}, 'Job/report-20270801120000'],
  ['a StatefulSet', { kind: 'StatefulSet', name: 'db' }, hash('x'), 'StatefulSet/db'],
  ['a DaemonSet', { kind: 'DaemonSet', name: 'logs' }, {}, 'DaemonSet/logs'],
  ['a static pod', { kind: 'Node', name: 'n1' }, {}, 'Pod/orders-5f6d-x2x'],
  ['a bare pod', null, hash('5f6d'), 'Pod/orders-5f6d-x2x'],
])('the workload of %s', (_, owner, labels, expected) => {
  const workload = workloadOf(pod(owner, labels));
  expect(`${workload.kind}/${workload.name}`).toBe(expected);
});

test('carries what else is known of the caller', () => {
  expect(workloadOf(pod(null, { app: 'orders' }))).toEqual({
    uid: 'u1',
    namespace: 'shop',
    pod: 'orders-5f6d-x2x',
    node: 'n1',
    serviceAccount: 'orders',
    kind: 'Pod',
    name: 'orders-5f6d-x2x',
    labels: { app: 'orders' },
  });
});
