import { REASONS, type Severity } from '@eastwall/policy';
import type { FlowRecord, Outcome } from '../record/record.ts';
import { type AgentEvent, forLeaving, type Reporter } from './agent-event.ts';
import type { ConnectionInfo, Endpoint, HttpRequest, NetworkEvent } from './ocsf-types.ts';
import { actor, classified, device, metadata, OUTCOMES, severity } from './ocsf-words.ts';

const PROFILES = ['host', 'security_control'];
const CATEGORY = [4, 'Network Activity'] as const;

/** Methods that the schema has an activity for; PATCH has come with 1.6. */
const HTTP_ACTIVITIES: Readonly<Record<string, readonly [id: number, name: string]>> = {
  CONNECT: [1, 'Connect'],
  DELETE: [2, 'Delete'],
  GET: [3, 'Get'],
  HEAD: [4, 'Head'],
  OPTIONS: [5, 'Options'],
  POST: [6, 'Post'],
  PUT: [7, 'Put'],
  TRACE: [8, 'Trace'],
};
const REFUSED = [5, 'Refuse'] as const;
const PASSED = [6, 'Traffic'] as const;

const HTTP_VERSIONS: Readonly<Record<string, string>> = { http1: '1.1', h2: '2' };

/** Outcomes by which the message itself was refused, whatever policies say of it. */
const MALFORMED: ReadonlySet<Outcome> = new Set(['malformed_request', 'malformed_response']);

/** An exchange of interest: HTTP Activity, or Network Activity where no request was read. */
export function networkEvent(
  { uid, record: whole }: Extract<AgentEvent, { kind: 'exchange' }>,
  reporter: Reporter,
): NetworkEvent {
  const record = forLeaving(whole, reporter.paths);
  const { caller, reason, policy, rule } = record;
  const isHttp = record.protocol in HTTP_VERSIONS;
  const passed = record.verdict === 'would-deny' && !MALFORMED.has(record.outcome);
  return {
    ...(isHttp ? httpClass(record.method) : connectionClass(passed)),
    ...times(record),
    ...severity(severityOf(record, passed)),
    ...(passed ? OUTCOMES.detected : MALFORMED.has(record.outcome) ? OUTCOMES.rejected : OUTCOMES.blocked),
    ...(passed ? { status_id: 1, status: 'Success' } : { status_id: 2, status: 'Failure' }),
    status_code: reason,
    status_detail: detailOf(reason),
    message: messageOf(record, passed),
    metadata: metadata({ uid, correlation: record.id, code: reason, profiles: PROFILES }, reporter),
    device: device(reporter),
    ...(caller !== null && {
      actor: { ...actor(caller), app_uid: caller.uid },
      src_endpoint: { name: caller.pod, uid: caller.uid, svc_name: `${caller.namespace}/${caller.name}` },
    }),
    dst_endpoint: destinationOf(record),
    connection_info: connectionOf(record),
    traffic: {
      bytes: record.bytesSent + record.bytesReceived,
      bytes_in: record.bytesReceived,
      bytes_out: record.bytesSent,
    },
    ...(policy !== null && { policy: { name: policy, is_applied: record.verdict === 'deny' } }),
    ...(rule !== null && { firewall_rule: { name: rule } }),
    ...(isHttp && { http_request: requestOf(record) }),
    ...(isHttp && record.status > 0 && responseOf(record)),
  };
}

const httpClass = (method: string) =>
  classified({
    category: CATEGORY,
    class: [4002, 'HTTP Activity'],
    activity: HTTP_ACTIVITIES[method] ?? [99, method === '' ? 'Other' : method],
  });

const connectionClass = (passed: boolean) =>
  classified({
    category: CATEGORY,
    class: [4001, 'Network Activity'],
    activity: passed ? PASSED : REFUSED,
  });

function times({ time, durationMs }: FlowRecord) {
  const start = Math.round(time);
  const duration = Math.round(durationMs);
  return { time: start, start_time: start, end_time: start + duration, duration };
}

function severityOf({ reason, outcome }: FlowRecord, passed: boolean): Severity {
  if (passed) return 'info';
  if (reason === 'quarantined' || reason === 'blocked_by_guard') return 'high';
  return outcome === 'denied' && !reason.endsWith('_limited') ? 'medium' : 'low';
}

/** Faults of a message have names that say what they are. */
const detailOf = (reason: string): string =>
  Object.hasOwn(REASONS, reason) ? REASONS[reason as keyof typeof REASONS] : reason.replaceAll('_', ' ');

function messageOf({ caller, destination, host, reason }: FlowRecord, passed: boolean): string {
  const who = caller === null ? 'a caller not known yet' : `${caller.namespace}/${caller.name}`;
  const [service] = destination.services;
  const to = service === undefined ? host || destination.ip : `${service.namespace}/${service.service}`;
  return `${who} ${passed ? 'would be' : 'was'} refused at ${to}: ${detailOf(reason)}`;
}

function destinationOf({ destination, host }: FlowRecord): Endpoint {
  const [service] = destination.services;
  return {
    ip: destination.ip,
    port: destination.port,
    ...(host !== '' && { hostname: host }),
    ...(service !== undefined && { svc_name: `${service.namespace}/${service.service}` }),
  };
}

const connectionOf = ({ destination: { services, ip } }: FlowRecord): ConnectionInfo => ({
  ...(services.length > 0
    ? { direction_id: 3, direction: 'Lateral' }
    : { direction_id: 2, direction: 'Outbound' }),
  protocol_name: 'tcp',
  protocol_num: 6,
  protocol_ver_id: ip.includes(':') ? 6 : 4,
});

/** What a malformed head says is not known; a URL of the schema is none without a path. */
function requestOf({ id, method, protocol, host, path, destination }: FlowRecord): HttpRequest {
  const version = HTTP_VERSIONS[protocol];
  return {
    uid: id,
    // An enum of the schema; what else there is, the activity's name says.
    ...(Object.hasOwn(HTTP_ACTIVITIES, method) && { http_method: method }),
    ...(version !== undefined && { version }),
    ...(path !== '' && { url: { path, port: destination.port, ...(host !== '' && { hostname: host }) } }),
  };
}

const responseOf = ({ status, durationMs }: FlowRecord) => ({
  http_response: { code: status, latency: Math.round(durationMs) },
  http_status: status,
});
