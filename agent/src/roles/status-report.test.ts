import { describe, expect, it } from 'vitest';
import { podInfo } from '../../testing/pod-info.ts';
import { NO_ATTEMPTS, NO_PROOFS } from '../capture/protocol.ts';
import { declaredPorts } from '../identity/opaque-ports.ts';
import type { ClusterStatus } from '../kube/cluster-watch.ts';
import type { DataplaneState } from './dataplane-slot.ts';
import type { DataplaneSupervisor } from './dataplane-supervisor.ts';
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
  endedLimits: null,
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
    capture: { ready: null, directoryProblem: null, heardAt: 4_000, repairs: 0, pods: new Map() },
    localPods: [],
    quarantinedBy: () => null,
    opaquePorts: [{ from: 6379, to: 6379 }],
    store: { kind: 'node', address: '', problem: null, asks: 0, failedAsks: 0, slowestMs: 0 },
    now: 2_000,
    monotonic: 5_000,
    ...differs,
  });
}

describe('reportStatus', () => {
  it('says how long capture has said nothing', () => {
    expect(report().capture.silentMs).toBe(1_000);
    const capture = { ready: null, directoryProblem: null, heardAt: null, repairs: 0, pods: new Map() };
    expect(report({ capture }).capture.silentMs).toBeNull();
  });

  it('says who has set a pod aside', () => {
    const localPods = [podInfo(), podInfo({ uid: 'u-2' })];
    const quarantinedBy: StatusSources['quarantinedBy'] = ({ uid }) => (uid === 'u-2' ? 'guard' : null);
    expect(report({ localPods, quarantinedBy }).pods.map(({ quarantined }) => quarantined)).toEqual([
      null,
      'guard',
    ]);
  });

  it('counts what limits have admitted on, also where a dataplane has ended', () => {
    const spent = { leased: 3, ahead: 0, alone: 0, share: 1, open: 0, limited: 2, unavailable: 0, others: 4 };
    const endedLimits = { mode: 'lease', buckets: 0, spent, unverified: 5, cells: [] } as const;
    const supervisor = { states: [{ ...STATE, endedLimits }] } as unknown as DataplaneSupervisor;
    expect(report({ supervisor }).limits).toMatchObject({
      spent: { leased: 3, share: 1, limited: 2 },
      others: 4,
      unverified: 5,
      buckets: 0,
    });
  });

  it('lists every living pod with the reason why it is not covered', () => {
    const pods = new Map([
      [
        'u-1',
        {
          uid: 'u-1',
          state: 'enrolled' as const,
          ns: 3,
          reason: null,
          cause: null,
          failMode: 'open' as const,
          inbound: 'annotation' as const,
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
          cause: 'host_network' as const,
          failMode: null,
          inbound: null,
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
    const found = report({
      localPods,
      capture: { ready: null, directoryProblem: null, heardAt: null, repairs: 0, pods },
    });
    expect(
      found.pods.map(({ pod, state, reason, cause, dataplane }) => [pod, state, reason, cause, dataplane]),
    ).toEqual([
      ['frontend-1', 'enrolled', null, null, 0],
      ['proxy', 'refused', "it shares the node's network", 'host_network', null],
      ['fresh', 'waiting', 'capture has not seen it yet', 'no_namespace', null],
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
          cause: 'partial' as const,
          failMode: 'open' as const,
          inbound: 'annotation' as const,
          proofs: NO_PROOFS,
          attempts: NO_ATTEMPTS,
        },
      ],
    ]);
    const found = report({
      localPods: [podInfo({ privileged: true })],
      capture: { ready: null, directoryProblem: null, heardAt: null, repairs: 0, pods },
    });
    expect(found.pods[0]).toMatchObject({
      reason: 'IPv6 is not; privileged: it can undo its own rules',
      cause: 'privileged',
    });
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
      { kind: 'ApiPolicy', policy: 'shop/a', mode: 'Audit', rules: 1, refused: null, note: null },
      { kind: 'ApiPolicy', policy: 'shop/b', mode: 'Audit', rules: 1, refused: 'spec.mode: no', note: null },
      { kind: 'ApiPolicy', policy: 'shop/c', mode: null, rules: 0, refused: 'spec: no', note: null },
      { kind: 'EgressPolicy', policy: 'shop/b', mode: 'Enforce', rules: 1, refused: null, note: null },
      { kind: 'EgressPolicy', policy: 'shop/c', mode: null, rules: 0, refused: 'spec: bad', note: null },
    ]);
  });

  it('says which declared ports an enforced policy overrules, and which declarations can not be read', () => {
    const snapshot = new Snapshot();
    const service = {
      namespace: 'shop',
      ips: [],
      ports: [80, 6379, 9000].map((port) => ({ name: `p${port}`, port })),
    };
    const declared = (text: string) => {
      const opaquePorts = declaredPorts({ 'eastwall.dev/opaque-ports': text });
      if (opaquePorts === null) throw new Error('no annotation');
      return opaquePorts;
    };
    const upsert = [
      { ...service, name: 'cache' },
      { ...service, name: 'odd', opaquePorts: declared('9000') },
      { ...service, name: 'plain', opaquePorts: declared('') },
      { ...service, name: 'typo', opaquePorts: declared('http') },
      { ...service, name: 'cache', namespace: 'elsewhere' },
    ];
    snapshot.apply({ kind: 'services', upsert, remove: [] });
    const policy = { namespace: 'shop', generation: 1, rules: [] };
    const policies = [
      { ...policy, name: 'all', mode: 'Enforce' as const, target: {} },
      { ...policy, name: 'http', mode: 'Enforce' as const, target: { ports: [80] } },
      { ...policy, name: 'one', mode: 'Enforce' as const, target: { services: ['odd'] } },
      { ...policy, name: 'watch', mode: 'Audit' as const, target: {} },
    ];
    snapshot.apply({ kind: 'policies', upsert: policies, remove: [] });
    const { policies: shown, kube } = report({ snapshot });
    expect(shown.map(({ policy: name, note }) => [name, note])).toEqual([
      ['shop/all', 'declared opaque, but enforced: cache:6379, odd:9000; what is not HTTP is refused there'],
      ['shop/http', null],
      ['shop/one', 'declared opaque, but enforced: odd:9000; what is not HTTP is refused there'],
      ['shop/watch', null],
    ]);
    expect(kube.problems).toEqual([
      expect.stringMatching(/^service shop\/typo: eastwall.dev\/opaque-ports: `http`/),
    ]);
    const pod = podInfo({ annotations: { 'eastwall.dev/opaque-ports': '0' } });
    expect(report({ localPods: [pod] }).pods[0]?.reason).toMatch(/`0` is neither a port nor a range/);
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
