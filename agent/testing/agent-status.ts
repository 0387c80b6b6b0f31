import type { AgentStatus } from '../src/admin/agent-status.ts';

/** A sound agent with one pod enrolled and one not, and a dataplane that has been restarted. */
export const agentStatus = (differs: Partial<AgentStatus> = {}): AgentStatus => ({
  node: 'node-1',
  version: '0.1.0',
  pid: 100,
  startedAt: 0,
  ready: true,
  waitingFor: [],
  onExit: 'remove',
  kube: { synced: true, ageMs: 1_500, missingKinds: [], problems: [], services: 5, slices: 6 },
  capture: { exemption: 'cgroup', exemptionReason: 'cgroup v2 is mounted', repairs: 2 },
  pods: [
    {
      namespace: 'shop',
      pod: 'frontend-1',
      workload: 'Deployment/frontend',
      state: 'enrolled',
      reason: null,
      dataplane: 0,
    },
    {
      namespace: 'shop',
      pod: 'logger-1',
      workload: 'DaemonSet/logger',
      state: 'refused',
      reason: "it shares the node's network",
      dataplane: null,
    },
  ],
  policies: [
    { kind: 'ApiPolicy', policy: 'shop/orders', mode: 'Enforce', rules: 2, refused: null },
    {
      kind: 'EgressPolicy',
      policy: 'shop/billing',
      mode: null,
      rules: 0,
      refused: 'spec.mode: must be one of `Off`, `Audit`, `Enforce`',
    },
  ],
  dataplanes: [
    {
      index: 0,
      state: 'serving',
      pid: 101,
      uid: 65_534,
      uidReason: 'owns nothing',
      capabilities: { effective: '0', permitted: '0', bounding: '0' },
      noNewPrivileges: true,
      restarts: 3,
      lastEnd: 'SIGKILL',
      pods: 1,
      openConnections: 12,
      heldConnections: 0,
      loopLagMs: 1.5,
      rssBytes: 60_000_000,
    },
  ],
  flows: { kept: 10, tails: 0, droppedByDataplanes: 0, droppedForTails: 0 },
  controlLoopLagMs: 2,
  ...differs,
});
