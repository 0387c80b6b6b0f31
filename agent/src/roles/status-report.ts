import {
  API_POLICY,
  type ApiPolicy,
  EGRESS_POLICY,
  type EgressPolicy,
  GUARD_PROFILE,
  type GuardProfile,
  policyId,
} from '@eastwall/policy';
import type {
  AbilityStatus,
  AgentStatus,
  DataplaneStatus,
  KubeStatus,
  PodStatus,
  PolicyStatus,
} from '../admin/agent-status.ts';
import { NO_ATTEMPTS, NO_PROOFS, type PodReport } from '../capture/protocol.ts';
import type { PodInfo } from '../identity/cluster-objects.ts';
import { workloadOf } from '../identity/workload.ts';
import type { ClusterStatus } from '../kube/cluster-watch.ts';
import type { CaptureFacts } from './control.ts';
import type { DataplaneCommand } from './dataplane-command.ts';
import type { DataplaneState, DataplaneSupervisor } from './dataplane-supervisor.ts';
import type { Snapshot } from './snapshot.ts';

/** Everything `status` is made of, as the parts of the agent know it. */
export interface StatusSources {
  readonly snapshot: Snapshot;
  readonly supervisor: DataplaneSupervisor;
  readonly command: DataplaneCommand;
  readonly cluster: ClusterStatus;
  readonly capture: CaptureFacts;
  readonly localPods: readonly PodInfo[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

type FromSources = Pick<AgentStatus, 'kube' | 'capture' | 'pods' | 'policies' | 'dataplanes'>;

export function reportStatus(sources: StatusSources): FromSources {
  const { supervisor, capture, localPods, command } = sources;
  const pods = localPods
    .filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed')
    .map((pod) => podStatus(pod, capture.pods.get(pod.uid) ?? null, supervisor));
  return {
    kube: kubeStatus(sources),
    capture: {
      exemption: capture.ready?.exemption.kind ?? 'unknown',
      exemptionReason:
        capture.ready?.problem ?? capture.ready?.exemption.why ?? 'capture has not started yet',
      rules: capture.ready?.rules ?? null,
      abilities: abilities(capture.ready),
      repairs: capture.repairs,
    },
    pods,
    policies: policyStatuses(sources),
    dataplanes: supervisor.states.map((state) => dataplaneStatus(state, command, pods)),
  };
}

function abilities(ready: CaptureFacts['ready']): AbilityStatus[] {
  if (ready === null) return [];
  return [
    { ability: 'fail-modes', problem: ready.gateProblem },
    { ability: 'port-owner', problem: ready.ownerProblem },
    { ability: 'packet-guard', problem: ready.guardProblem },
  ];
}

const UNSEEN: Omit<PodReport, 'uid'> = {
  state: 'waiting',
  ns: null,
  reason: 'capture has not seen it yet',
  failMode: null,
  proofs: NO_PROOFS,
  attempts: NO_ATTEMPTS,
};

function podStatus(pod: PodInfo, report: PodReport | null, supervisor: DataplaneSupervisor): PodStatus {
  const { kind, name } = workloadOf(pod);
  const { state, ns, reason, failMode, proofs, attempts } = report ?? UNSEEN;
  return {
    namespace: pod.namespace,
    pod: pod.name,
    workload: `${kind}/${name}`,
    state,
    reason: [reason, coverageNote(pod, state)].filter((note) => note !== null).join('; ') || null,
    dataplane: ns === null ? null : supervisor.dataplaneOf(ns),
    failMode,
    intercepted: { v4: proofs[4]?.state ?? null, v6: proofs[6]?.state ?? null },
    attempts,
  };
}

/** What enrolment can't hold against: such a pod may change the rules in its own network namespace. */
const coverageNote = (pod: PodInfo, state: PodStatus['state']): string | null =>
  state === 'enrolled' && pod.privileged ? 'privileged: it can undo its own rules' : null;

function kubeStatus({ cluster, snapshot, now }: StatusSources): KubeStatus {
  const { services, slices } = snapshot.size;
  const problems = cluster.watches.flatMap(({ path, problem, absent }) =>
    problem === null || absent ? [] : [`${path}: ${problem}`],
  );
  const { problem } = cluster.statusWrites;
  return {
    synced: cluster.synced,
    ageMs: cluster.lastContact === null ? null : Math.max(0, now - cluster.lastContact),
    missingKinds: cluster.missingKinds,
    problems: problem === null ? problems : [...problems, `status of policies can't be written: ${problem}`],
    services,
    slices,
  };
}

function policyStatuses({ snapshot, cluster }: StatusSources): PolicyStatus[] {
  return [
    ...kindStatuses(API_POLICY.kind, snapshot.policies, cluster),
    ...kindStatuses(EGRESS_POLICY.kind, snapshot.egressPolicies, cluster),
    ...kindStatuses(GUARD_PROFILE.kind, snapshot.guardProfiles, cluster),
  ];
}

function kindStatuses(
  kind: string,
  inForce: Iterable<ApiPolicy | EgressPolicy | GuardProfile>,
  { refused }: ClusterStatus,
): PolicyStatus[] {
  const statuses = new Map<string, PolicyStatus>();
  for (const object of inForce) {
    const policy = 'namespace' in object ? policyId(object) : object.name;
    const about =
      'rules' in object ? { mode: object.mode, rules: object.rules.length } : { mode: 'On', rules: 0 };
    statuses.set(policy, { kind, policy, ...about, refused: null });
  }
  for (const { policy, message } of refused.filter((one) => one.kind === kind)) {
    const known = statuses.get(policy) ?? { kind, policy, mode: null, rules: 0 };
    statuses.set(policy, { ...known, refused: message });
  }
  return [...statuses.values()];
}

function dataplaneStatus(
  { index, state, pid, privileges, restarts, lastEnd, totals }: DataplaneState,
  { uidReason }: DataplaneCommand,
  pods: readonly PodStatus[],
): DataplaneStatus {
  return {
    index,
    state,
    pid,
    uid: privileges?.uid ?? null,
    uidReason,
    capabilities:
      privileges === null
        ? null
        : {
            effective: privileges.effective.toString(16),
            permitted: privileges.permitted.toString(16),
            bounding: privileges.bounding.toString(16),
          },
    noNewPrivileges: privileges?.noNewPrivileges ?? null,
    restarts,
    lastEnd,
    pods: pods.filter((pod) => pod.dataplane === index).length,
    openConnections: totals?.openConnections ?? 0,
    heldConnections: totals?.heldConnections ?? 0,
    loopLagMs: totals?.loopLagMs ?? 0,
    rssBytes: totals?.rssBytes ?? 0,
  };
}
