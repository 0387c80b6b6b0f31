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
import type { PodInfo, ServiceEntry } from '../identity/cluster-objects.ts';
import { declaredPorts } from '../identity/opaque-ports.ts';
import { workloadOf } from '../identity/workload.ts';
import type { PortRanges } from '../kernel/port-ranges.ts';
import type { ClusterStatus } from '../kube/cluster-watch.ts';
import type { StoreStatus } from '../store/lease-store.ts';
import type { CaptureFacts } from './control.ts';
import type { DataplaneCommand } from './dataplane-command.ts';
import type { DataplaneState } from './dataplane-slot.ts';
import type { DataplaneSupervisor } from './dataplane-supervisor.ts';
import { limitsStatus } from './limits-status.ts';
import { overruledPorts } from './overruled-ports.ts';
import type { Snapshot } from './snapshot.ts';

/** Everything `status` is made of, as the parts of the agent know it. */
export interface StatusSources {
  readonly snapshot: Snapshot;
  readonly supervisor: DataplaneSupervisor;
  readonly command: DataplaneCommand;
  readonly cluster: ClusterStatus;
  readonly capture: CaptureFacts;
  readonly localPods: readonly PodInfo[];
  readonly quarantinedBy: (pod: PodInfo) => PodStatus['quarantined'];
  /** Those of the setting. */
  readonly opaquePorts: PortRanges;
  readonly store: StoreStatus;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Monotonic milliseconds. */
  readonly monotonic: number;
}

type FromSources = Pick<AgentStatus, 'kube' | 'capture' | 'pods' | 'policies' | 'dataplanes' | 'limits'>;

export function reportStatus(sources: StatusSources): FromSources {
  const { supervisor, capture, localPods, quarantinedBy, command } = sources;
  const pods = localPods
    .filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed')
    .map((pod) => ({
      ...podStatus(pod, capture.pods.get(pod.uid) ?? null, supervisor),
      quarantined: quarantinedBy(pod),
    }));
  return {
    kube: kubeStatus(sources),
    capture: {
      exemption: capture.ready?.exemption.kind ?? 'unknown',
      exemptionReason:
        capture.ready?.problem ?? capture.ready?.exemption.why ?? 'capture has not started yet',
      rules: capture.ready?.rules ?? null,
      abilities: abilities(capture.ready),
      silentMs: capture.heardAt === null ? null : sources.monotonic - capture.heardAt,
      directoryProblem: capture.directoryProblem,
      repairs: capture.repairs,
    },
    pods,
    policies: policyStatuses(sources),
    dataplanes: supervisor.states.map((state) => dataplaneStatus(state, command, pods)),
    limits: limitsStatus(
      supervisor.states
        .flatMap(({ totals, endedLimits }) => [totals?.limits ?? null, endedLimits])
        .filter((limits) => limits !== null),
      sources.store,
    ),
  };
}

function abilities(ready: CaptureFacts['ready']): AbilityStatus[] {
  if (ready === null) return [];
  return [
    { ability: 'fail-modes', problem: ready.gateProblem },
    { ability: 'port-owner', problem: ready.ownerProblem },
    { ability: 'packet-guard', problem: ready.guardProblem },
    { ability: 'conntrack-zone', problem: ready.zoneProblem },
    { ability: 'inbound', problem: ready.inboundProblem },
    { ability: 'counts', problem: ready.countProblem },
  ];
}

/** Shown at a time: anybody may write a Service. */
const MAX_ANNOTATION_PROBLEMS = 10;

const UNSEEN: Omit<PodReport, 'uid'> = {
  state: 'waiting',
  ns: null,
  reason: 'capture has not seen it yet',
  cause: 'no_namespace',
  failMode: null,
  inbound: null,
  proofs: NO_PROOFS,
  attempts: NO_ATTEMPTS,
};

function podStatus(
  pod: PodInfo,
  report: PodReport | null,
  supervisor: DataplaneSupervisor,
): Omit<PodStatus, 'quarantined'> {
  const { kind, name } = workloadOf(pod);
  const { state, ns, reason, cause, failMode, inbound, proofs, attempts } = report ?? UNSEEN;
  const coverage = coverageNote(pod, state);
  return {
    namespace: pod.namespace,
    pod: pod.name,
    workload: `${kind}/${name}`,
    state,
    reason:
      [reason, coverage, declaredPorts(pod.annotations)?.problem ?? null]
        .filter((note) => note !== null)
        .join('; ') || null,
    cause: coverage === null ? cause : 'privileged',
    dataplane: ns === null ? null : supervisor.dataplaneOf(ns),
    failMode,
    inbound,
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
    problems: [
      ...problems,
      ...(problem === null ? [] : [`status of policies can't be written: ${problem}`]),
      ...annotationProblems(snapshot.services),
    ],
    services,
    slices,
  };
}

function annotationProblems(services: Iterable<ServiceEntry>): string[] {
  const problems: string[] = [];
  for (const { namespace, name, opaquePorts } of services)
    if (
      opaquePorts !== undefined &&
      opaquePorts.problem !== null &&
      problems.length < MAX_ANNOTATION_PROBLEMS
    )
      problems.push(`service ${namespace}/${name}: ${opaquePorts.problem}`);
  return problems;
}

function policyStatuses({ snapshot, cluster, opaquePorts }: StatusSources): PolicyStatus[] {
  const services = Map.groupBy(snapshot.services, ({ namespace }) => namespace);
  const note = (policy: ApiPolicy) =>
    overruledPorts(policy, services.get(policy.namespace) ?? [], opaquePorts);
  return [
    ...kindStatuses({ kind: API_POLICY.kind, inForce: snapshot.policies, note }, cluster),
    ...kindStatuses({ kind: EGRESS_POLICY.kind, inForce: snapshot.egressPolicies }, cluster),
    ...kindStatuses({ kind: GUARD_PROFILE.kind, inForce: snapshot.guardProfiles }, cluster),
  ];
}

interface Kind<P> {
  readonly kind: string;
  readonly inForce: Iterable<P>;
  note?(policy: P): string | null;
}

function kindStatuses<P extends ApiPolicy | EgressPolicy | GuardProfile>(
  { kind, inForce, note }: Kind<P>,
  { refused }: ClusterStatus,
): PolicyStatus[] {
  const statuses = new Map<string, PolicyStatus>();
  for (const object of inForce) {
    const policy = 'namespace' in object ? policyId(object) : object.name;
    const about =
      'rules' in object ? { mode: object.mode, rules: object.rules.length } : { mode: 'On', rules: 0 };
    statuses.set(policy, { kind, policy, ...about, refused: null, note: note?.(object) ?? null });
  }
  for (const { policy, message } of refused.filter((one) => one.kind === kind)) {
    const known = statuses.get(policy) ?? { kind, policy, mode: null, rules: 0, note: null };
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
    cpuSeconds: totals?.cpuSeconds ?? 0,
    partlyKnown: totals?.partlyKnown ?? [],
    askedUnseen: totals?.askedUnseen ?? [],
  };
}
