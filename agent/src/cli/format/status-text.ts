import type {
  AgentStatus,
  CaptureStatus,
  DataplaneStatus,
  PodState,
  PodStatus,
  PolicyStatus,
  ProofState,
} from '../../admin/agent-status.ts';
import type { Colour, Paint } from './colour.ts';
import { type Cell, table } from './table.ts';
import { age, size, visible } from './text.ts';

export interface StatusStyle {
  readonly paint: Paint;
  /** `-o wide`: more columns. */
  readonly wide: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const STATE_COLOURS: Readonly<Record<PodState, Colour>> = {
  enrolled: 'green',
  waiting: 'yellow',
  'opted-out': 'dim',
  refused: 'red',
};

/** `eastwall status` for one agent. */
export function statusText(status: AgentStatus, style: StatusStyle): string {
  return [
    headText(status, style),
    podsText(status, style),
    policiesText(status, style),
    dataplanesText(status.dataplanes, style),
    partlyKnownText(status.dataplanes, style),
    askedUnseenText(status.dataplanes, style),
    flowsText(status),
    limitsText(status, style),
    newsText(status, style),
    issuersText(status, style),
    sinksText(status, style),
  ]
    .filter((section) => section !== '')
    .join('\n');
}

function headText(status: AgentStatus, { paint, now }: StatusStyle): string {
  const { kube, capture, waitingFor } = status;
  const ready = status.ready
    ? paint('green', 'ready')
    : paint('red', `not ready, waiting for ${waitingFor.join(', ')}`);
  const view = kube.ageMs === null ? paint('red', 'no answer yet') : `known as of ${age(kube.ageMs)} ago`;
  const lines = [
    `${paint('bold', `node ${status.node}`)}: ${ready}; eastwall ${status.version}, pid ${status.pid}, up ${age(now - status.startedAt)}`,
    `cluster: ${view}; ${kube.services} services, ${kube.slices} endpoint slices`,
    ...kube.problems.map((problem) => paint('yellow', `cluster: ${visible(problem)}`)),
    `own connections are exempt by ${capture.exemption}: ${capture.exemptionReason}; rules put back ${capture.repairs} times${silenceText(capture)}`,
    ...(capture.directoryProblem === null
      ? []
      : [paint('red', `network namespaces: ${visible(capture.directoryProblem)}`)]),
    ...abilityLines(capture, paint),
    exitText(status),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function exitText({ onExit, capture }: AgentStatus): string {
  const wouldBe =
    onExit === 'remove'
      ? 'rules are removed and pods go direct, but for those in fail mode `closed`'
      : hasFailModes(capture)
        ? 'rules stay and fail modes take effect'
        : 'rules stay, and new connections are refused until there is another';
  return `when the agent stops for good, ${wouldBe}`;
}

const hasFailModes = ({ abilities }: CaptureStatus): boolean =>
  !abilities.some(({ ability, problem }) => ability === 'fail-modes' && problem !== null);

const ABILITIES = {
  'fail-modes': 'fail modes',
  'port-owner': "ownership of the agent's port",
  'packet-guard': 'a guard against frames past the rules',
  'conntrack-zone': "a conntrack zone of the agent's own",
  inbound: 'observing what comes to pods',
  counts: 'counts of what goes past the agent',
} as const;

function abilityLines({ rules, abilities }: CaptureStatus, paint: Paint): string[] {
  if (rules === null) return [];
  const enforced = abilities
    .filter(({ problem }) => problem === null)
    .map(({ ability }) => ABILITIES[ability]);
  const missing = abilities.flatMap(({ ability, problem }) =>
    problem === null ? [] : [paint('yellow', `not enforced: ${ABILITIES[ability]}: ${visible(problem)}`)],
  );
  return [`rules by ${rules}; the kernel enforces ${enforced.join(', ') || 'redirects only'}`, ...missing];
}

const silenceText = ({ silentMs }: AgentStatus['capture']): string =>
  silentMs === null ? '' : `, last looked at ${age(silentMs)} ago`;

/** `yes`, `no`, or `-` where it is not known or can't be tried; by address family. */
function provenText({ v4, v6 }: PodStatus['intercepted'], paint: Paint): Cell {
  const word = (state: ProofState) => (state === 'proven' ? 'yes' : state === 'failed' ? 'NO' : '-');
  const text = `${word(v4)}/${word(v6)}`;
  return text.includes('NO') ? coloured(paint, 'red', text) : { text };
}

/** Why what comes to a pod is observed. */
const INBOUND = { annotation: 'annotated', setting: 'by setting', ids: 'for its ids' } as const;

const WIDER_PODS = ['WORKLOAD', 'DATAPLANE', 'FAIL MODE', 'INBOUND', 'PROVEN 4/6', 'ATTEMPTS'];

/** Where the kernel enforces none, `open` is only what a stopping agent does. */
const failModeText = ({ failMode }: PodStatus, { capture, onExit }: AgentStatus): string =>
  failMode === null
    ? '-'
    : failMode === 'closed' || hasFailModes(capture)
      ? failMode
      : onExit === 'remove'
        ? 'open once stopped'
        : 'not enforced';

function widerPodCells(pod: PodStatus, status: AgentStatus, paint: Paint): (string | Cell)[] {
  const { foreignListener, marked, forwarded, smuggled } = pod.attempts;
  return [
    visible(pod.workload),
    pod.dataplane === null ? '-' : `${pod.dataplane}`,
    failModeText(pod, status),
    pod.inbound === null ? '-' : INBOUND[pod.inbound],
    provenText(pod.intercepted, paint),
    `${foreignListener + marked + forwarded + smuggled}`,
  ];
}

const QUARANTINED = { annotation: 'quarantined', guard: 'quarantined by a guard' } as const;

const remarksOn = ({ quarantined, reason }: PodStatus): string =>
  [quarantined === null ? null : QUARANTINED[quarantined], reason]
    .filter((remark) => remark !== null)
    .join('; ');

function podsText(status: AgentStatus, { paint, wide }: StatusStyle): string {
  const { pods } = status;
  if (pods.length === 0) return 'no pods on this node\n';
  const header = ['NAMESPACE', 'POD', 'STATE', ...(wide ? WIDER_PODS : []), 'REASON'];
  const rows = pods
    .toSorted((a, b) => compare(a.namespace, b.namespace) || compare(a.pod, b.pod))
    .map((pod) => [
      visible(pod.namespace),
      visible(pod.pod),
      coloured(paint, STATE_COLOURS[pod.state], pod.state),
      ...(wide ? widerPodCells(pod, status, paint) : []),
      visible(remarksOn(pod)),
    ]);
  return table(header, rows);
}

function policiesText({ policies, kube }: AgentStatus, style: StatusStyle): string {
  const missing = kube.missingKinds
    .map((kind) => `the ${kind} type is not installed in the cluster\n`)
    .join('');
  if (policies.length > 0) return missing + policyTable(policies, style);
  return missing === '' ? 'no policies: everything is allowed and observed\n' : `no policies\n${missing}`;
}

function policyTable(policies: readonly PolicyStatus[], { paint, wide }: StatusStyle): string {
  const header = ['KIND', 'POLICY', 'MODE', ...(wide ? ['RULES'] : []), 'STATUS'];
  return table(
    header,
    policies
      .toSorted((a, b) => compare(a.kind, b.kind) || compare(a.policy, b.policy))
      .map((policy) => [
        policy.kind,
        visible(policy.policy),
        policy.mode ?? '-',
        ...(wide ? [`${policy.rules}`] : []),
        policyState(policy, paint),
      ]),
  );
}

function policyState({ mode, refused, note }: PolicyStatus, paint: Paint): Cell {
  if (refused === null && note !== null) return coloured(paint, 'yellow', visible(`in force; ${note}`));
  if (refused === null) return coloured(paint, 'green', 'in force');
  const kept = mode === null ? 'refused' : 'refused, an earlier version is in force';
  return coloured(paint, 'red', visible(`${kept}: ${refused}`));
}

function dataplanesText(dataplanes: readonly DataplaneStatus[], { paint, wide }: StatusStyle): string {
  const header = ['DATAPLANE', 'STATE', 'PID', 'UID', 'CAPS', 'PODS', 'CONNECTIONS', 'RESTARTS'];
  const wider = ['MEMORY', 'LOOP LAG', 'NO NEW PRIVS', 'LAST END', 'WHY THIS UID'];
  return table(
    [...header, ...(wide ? wider : [])],
    dataplanes.map((dataplane) => [
      `${dataplane.index}`,
      coloured(paint, dataplane.state === 'serving' ? 'green' : 'red', dataplane.state),
      `${dataplane.pid ?? '-'}`,
      `${dataplane.uid ?? '-'}`,
      capabilitiesOf(dataplane, paint),
      `${dataplane.pods}`,
      `${dataplane.openConnections}${dataplane.heldConnections > 0 ? ` (${dataplane.heldConnections} held)` : ''}`,
      `${dataplane.restarts}`,
      ...(wide ? widerCells(dataplane) : []),
    ]),
  );
}

/** For these, enumeration is judged by misses and by their usual number of ids only. */
const partlyKnownText = (dataplanes: readonly DataplaneStatus[], style: StatusStyle): string =>
  workloadsText(
    'shown more ids elsewhere than is told, so unexplained ids are not held against them',
    dataplanes.flatMap(({ partlyKnown }) => partlyKnown),
    style,
  );

const askedUnseenText = (dataplanes: readonly DataplaneStatus[], style: StatusStyle): string =>
  workloadsText(
    'also asked over connections from before they were observed, so judged as if they were not',
    dataplanes.flatMap(({ askedUnseen }) => askedUnseen),
    style,
  );

function workloadsText(what: string, workloads: readonly string[], { paint }: StatusStyle): string {
  if (workloads.length === 0) return '';
  const names = [...new Set(workloads)].sort().map(visible).join(', ');
  return `${paint('yellow', `${what}: ${names}`)}\n`;
}

function capabilitiesOf({ capabilities }: DataplaneStatus, paint: Paint): Cell {
  if (capabilities === null) return { text: '-' };
  const { effective, permitted } = capabilities;
  if (effective === '0' && permitted === '0') return { text: 'none' };
  return coloured(paint, 'red', `${effective}/${permitted}`);
}

const widerCells = (dataplane: DataplaneStatus): string[] => [
  size(dataplane.rssBytes),
  `${dataplane.loopLagMs.toFixed(1)}ms`,
  dataplane.noNewPrivileges === null ? '-' : dataplane.noNewPrivileges ? 'yes' : 'NO',
  dataplane.lastEnd ?? '-',
  dataplane.uidReason,
];

function flowsText({ flows }: AgentStatus): string {
  const lost = flows.droppedByDataplanes + flows.droppedForTails;
  const readers = flows.tails === 1 ? '1 reader' : `${flows.tails} readers`;
  return `flow records: ${flows.kept} kept, ${readers}${lost > 0 ? `, ${lost} lost` : ''}\n`;
}

function limitsText({ limits }: AgentStatus, { paint }: StatusStyle): string {
  const { mode, store, spent, buckets, others, unverified } = limits;
  const where =
    store.kind === 'node'
      ? 'each node keeps them for itself (no `--store`)'
      : `shared in ${visible(store.address)}`;
  const lines = [
    `limits: mode ${mode}, ${where}; ${buckets} buckets, ${spent.limited + spent.unavailable} refused`,
    ...(store.problem === null ? [] : [paint('red', `store of limits: ${visible(store.problem)}`)]),
    ...(others === 0 ? [] : [paint('yellow', `limits: ${others} requests shared a bucket for want of room`)]),
    ...(unverified === 0
      ? []
      : [`limits: ${unverified} requests without a verified principal were counted for their workload`]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const newsText = ({ news }: AgentStatus, { paint }: StatusStyle): string =>
  news === null || news.problem === null
    ? ''
    : `${paint('red', `guards hear less of other nodes: ${visible(news.problem)}`)}\n`;

function issuersText({ issuers }: AgentStatus, { paint }: StatusStyle): string {
  return issuers
    .map(({ issuer, keys, problem }) => {
      const text = `tokens of ${visible(issuer)}: ${keys === 1 ? '1 key' : `${keys} keys`}`;
      return `${text}${problem === null ? '' : `; ${paint('red', visible(problem))}`}\n`;
    })
    .join('');
}

function sinksText({ sinks }: AgentStatus, { paint }: StatusStyle): string {
  return sinks
    .map(({ sink, accepted, delivered, dropped, waitingBytes, problem }) => {
      const lost = Object.entries(dropped).filter(([, count]) => count > 0);
      const text = `events to ${sink}: ${accepted} taken, ${delivered} delivered, ${size(waitingBytes)} waiting`;
      const why = lost.map(([reason, count]) => `${count} dropped (${reason.replaceAll('_', ' ')})`);
      const parts = [text, ...(why.length > 0 ? [paint('yellow', why.join(', '))] : [])];
      if (problem !== null) parts.push(paint('red', visible(problem)));
      return `${parts.join('; ')}\n`;
    })
    .join('');
}

const coloured = (paint: Paint, colour: Colour, text: string): Cell => ({ text, shown: paint(colour, text) });

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
