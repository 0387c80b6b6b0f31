import { describe, expect, it } from 'vitest';
import { podInfo } from '../../testing/pod-info.ts';
import { NO_ATTEMPTS, NO_PROOFS } from '../capture/protocol.ts';
import type { ClusterStatus } from '../kube/cluster-watch.ts';
import type { DataplaneState, DataplaneSupervisor } from './dataplane-supervisor.ts';
import { Snapshot } from './snapshot.ts';
import { reportStatus, type StatusSources } from './status-report.ts';

const STATE: DataplaneState = {
  index: 0,
  state: 'serving',
  pid: 11,
  privileges: { uid: 65_534, effective: 0n, permitted: 0n, bounding: 0x1ffn, noNewPrivileges: true },
  restarts: 1,
  lastEnd: 'SIGKILL',
  totals: null,
};

const CLUSTER: ClusterStatus = {
  synced: true,
  lastContact: 500,
  missingKinds: [],
  policies: 1,
  refused: [],
  watches: [],
  statusWrites: { waiting: 0, written: 0, failed: 0, dropped: 0, problem: null },
};
const watch = (differs: object) =>
  ({ path: '/api/v1/pods', problem: null, absent: false, ...differs }) as ClusterStatus['watches'][number];

function report(differs: Partial<StatusSources> = {}) {
  return reportStatus({
    snapshot: new Snapshot(),
    supervisor: { states: [STATE], dataplaneOf: (ns: number) => ns % 1 } as unknown as DataplaneSupervisor,
    command: { file: 'setpriv', args: [], uid: 65_534, uidReason: 'owns nothing' },
    cluster: CLUSTER,
    capture: { ready: null, repairs: 0, pods: new Map() },
    localPods: [],
    now: 2_000,
    ...differs,
  });
}

describe('reportStatus', () => {
  it('lists every living pod with the reason why it is not covered', () => {
    const pods = new Map([
      [
        'u-1',
        {
          uid: 'u-1',
          state: 'enrolled' as const,
          ns: 3,
          reason: null,
          failMode: 'open' as const,
          proofs: NO_PROOFS,
          attempts: NO_ATTEMPTS,
        },
      ],
      [
        'u-2',
        {
          uid: 'u-2',
          state: 'refused' as const,
          ns: null,
          reason: "it shares the node's network",
          failMode: null,
          proofs: NO_PROOFS,
          attempts: NO_ATTEMPTS,
        },
      ],
    ]);
    const localPods = [
      podInfo(),
      podInfo({ uid: 'u-2', name: 'proxy', hostNetwork: true }),
      podInfo({ uid: 'u-3', name: 'fresh' }),
      podInfo({ uid: 'u-4', name: 'done', phase: 'Succeeded' }),
    ];
    const found = report({ localPods, capture: { ready: null, repairs: 0, pods } });
    expect(found.pods.map(({ pod, state, reason, dataplane }) => [pod, state, reason, dataplane])).toEqual([
      ['frontend-1', 'enrolled', null, 0],
      ['proxy', 'refused', "it shares the node's network", null],
      ['fresh', 'waiting', 'capture has not seen it yet', null],
    ]);
    expect(found.dataplanes).toMatchObject([{ pods: 1 }]);
  });

  it('does not promise what a privileged pod can undo', () => {
    const pods = new Map([
      [
        'u-1',
        {
          uid: 'u-1',
          state: 'enrolled' as const,
          ns: 3,
          reason: 'IPv6 is not',
          failMode: 'open' as const,
          proofs: NO_PROOFS,
          attempts: NO_ATTEMPTS,
        },
      ],
    ]);
    const found = report({
      localPods: [podInfo({ privileged: true })],
      capture: { ready: null, repairs: 0, pods },
    });
    expect(found.pods[0]?.reason).toBe('IPv6 is not; privileged: it can undo its own rules');
  });

  it('shows a refused policy beside the version of it that stays in force', () => {
    const snapshot = new Snapshot();
    const rules = [{ name: 'r', action: 'Allow' as const }];
    const policy = { namespace: 'shop', generation: 1, mode: 'Audit' as const, target: {}, rules };
    snapshot.apply({
      kind: 'policies',
      upsert: [
        { ...policy, name: 'a' },
        { ...policy, name: 'b' },
      ],
      remove: [],
    });
    snapshot.apply({
      kind: 'egress-policies',
      upsert: [{ ...policy, name: 'b', mode: 'Enforce' }],
      remove: [],
    });
    const refused = [
      { kind: 'ApiPolicy', policy: 'shop/b', generation: 2, message: 'spec.mode: no', inForce: 1 },
      { kind: 'ApiPolicy', policy: 'shop/c', generation: 1, message: 'spec: no', inForce: null },
      { kind: 'EgressPolicy', policy: 'shop/c', generation: 3, message: 'spec: bad', inForce: null },
    ];
    expect(report({ snapshot, cluster: { ...CLUSTER, refused } }).policies).toEqual([
      { kind: 'ApiPolicy', policy: 'shop/a', mode: 'Audit', rules: 1, refused: null },
      { kind: 'ApiPolicy', policy: 'shop/b', mode: 'Audit', rules: 1, refused: 'spec.mode: no' },
      { kind: 'ApiPolicy', policy: 'shop/c', mode: null, rules: 0, refused: 'spec: no' },
      { kind: 'EgressPolicy', policy: 'shop/b', mode: 'Enforce', rules: 1, refused: null },
      { kind: 'EgressPolicy', policy: 'shop/c', mode: null, rules: 0, refused: 'spec: bad' },
    ]);
  });

  it('tells how old the view of the cluster is and what is wrong with it', () => {
    const watches = [
      watch({}),
      watch({ problem: 'connection refused' }),
      watch({ problem: 'absent', absent: true }),
    ];
    const statusWrites = { ...CLUSTER.statusWrites, problem: 'forbidden' };
    expect(report({ cluster: { ...CLUSTER, watches, statusWrites } }).kube).toMatchObject({
      ageMs: 1_500,
      problems: ['/api/v1/pods: connection refused', "status of policies can't be written: forbidden"],
    });
    expect(report({ cluster: { ...CLUSTER, lastContact: null } }).kube.ageMs).toBeNull();
  });

  it('shows capabilities as the kernel does', () => {
    expect(report().dataplanes[0]).toMatchObject({
      uid: 65_534,
      capabilities: { effective: '0', permitted: '0', bounding: '1ff' },
      noNewPrivileges: true,
    });
    const gone = { states: [{ ...STATE, pid: null, privileges: null }], dataplaneOf: () => 0 };
    expect(report({ supervisor: gone as unknown as DataplaneSupervisor }).dataplanes[0]).toMatchObject({
      uid: null,
      capabilities: null,
    });
  });
});
