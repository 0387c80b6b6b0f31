import { DETECTIONS, type DetectionId } from '@eastwall/policy';
import type { Finding, FindingAction } from '../record/finding.ts';
import type { AgentEvent, FindingTurn, Reporter } from './agent-event.ts';
import type { Attack, DetectionFinding, Evidence, FindingInfo, Resource } from './ocsf-types.ts';
import { actor, classified, device, metadata, OUTCOMES, severity } from './ocsf-words.ts';

const TURNS = {
  began: { activity: [1, 'Create'], status_id: 1, status: 'New' },
  escalated: { activity: [2, 'Update'], status_id: 2, status: 'In Progress' },
  ended: { activity: [3, 'Close'], status_id: 4, status: 'Resolved' },
} as const satisfies Record<FindingTurn, object>;

const DONE = {
  log: OUTCOMES.detected,
  throttle: OUTCOMES.blocked,
  block: OUTCOMES.blocked,
  quarantine: OUTCOMES.isolated,
} as const satisfies Record<FindingAction, object>;

/** Those that a single request or packet proves. The others are inferred from how a caller behaves. */
const PROVEN: ReadonlySet<DetectionId> = new Set([
  'foreign-token',
  'metadata-access',
  'admin-endpoint',
  'quic-egress',
  'interception-bypass',
]);

export function detectionFinding(
  { uid, finding, turn }: Extract<AgentEvent, { kind: 'finding' }>,
  reporter: Reporter,
): DetectionFinding {
  const { activity, ...status } = TURNS[turn];
  const { firstSeen, lastSeen } = finding;
  const start = Math.round(firstSeen);
  const end = Math.round(lastSeen);
  const isProven = PROVEN.has(finding.detection);
  return {
    ...classified({ category: [2, 'Findings'], class: [2004, 'Detection Finding'], activity }),
    time: turn === 'began' ? start : end,
    start_time: start,
    end_time: end,
    duration: end - start,
    count: finding.count,
    ...severity(finding.severity),
    ...status,
    ...DONE[finding.action],
    ...(isProven ? { confidence_id: 3, confidence: 'High' } : { confidence_id: 2, confidence: 'Medium' }),
    is_alert: turn !== 'ended',
    message: finding.explanation,
    metadata: metadata(
      { uid, correlation: finding.id, code: finding.detection, profiles: ['security_control'] },
      reporter,
    ),
    device: device(reporter),
    finding_info: infoOf(finding, isProven),
    evidences: [evidenceOf(finding)],
    resources: [resourceOf(finding)],
    remediation: { desc: DETECTIONS[finding.detection].advice },
  };
}

function infoOf(finding: Finding, isProven: boolean): FindingInfo {
  const { detection, decisionId } = finding;
  const { title, meaning, owasp, techniques } = DETECTIONS[detection];
  return {
    uid: finding.id,
    title,
    desc: meaning,
    types: [detection, ...owasp.map((item) => `OWASP ${item}`)],
    analytic: {
      ...(isProven ? { type_id: 1, type: 'Rule' } : { type_id: 2, type: 'Behavioral' }),
      name: title,
      uid: detection,
    },
    attacks: techniques.map(attackOf),
    created_time: Math.round(finding.firstSeen),
    first_seen_time: Math.round(finding.firstSeen),
    last_seen_time: Math.round(finding.lastSeen),
    ...(decisionId !== '' && { related_events: [{ uid: decisionId }] }),
  };
}

/** `T1550.001` is a sub-technique of `T1550`; ATLAS (`AML.…`) has other versions than ATT&CK. */
function attackOf(id: string): Attack {
  if (id.startsWith('AML.')) return { technique: { uid: id } };
  const [technique = id, sub] = id.split('.');
  return {
    technique: { uid: technique },
    ...(sub !== undefined && { sub_technique: { uid: id } }),
    version: '17',
  };
}

const evidenceOf = ({ caller, destination, evidence }: Finding): Evidence => ({
  actor: actor(caller),
  src_endpoint: { name: caller.pod, svc_name: `${caller.namespace}/${caller.name}` },
  dst_endpoint: { svc_name: destination },
  data: evidence,
});

/** `shop/orders:80` is a Service; anything else a host or an address. */
function resourceOf({ destination, operation }: Finding): Resource {
  const slash = destination.indexOf('/');
  return {
    name: destination,
    ...(slash > 0 ? { type: 'Service', namespace: destination.slice(0, slash) } : { type: 'Host' }),
    ...(operation !== '' && { data: { operation } }),
  };
}
