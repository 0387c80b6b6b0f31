import { type BookCounts, DETECTIONS, SEVERITIES } from '@eastwall/policy';
import { type FromDataplane, MAX_BUCKET_KEY, MAX_LEASE_ASKS, MAX_PARTLY_KNOWN } from '../ipc/messages.ts';
import { FINDING_ACTIONS, type Finding } from '../record/finding.ts';
import { BODY_OUTCOMES, FORGOTTEN, SHOWN_SOURCES } from '../record/id-counts.ts';
import { MAX_LEARNED_PER_MESSAGE, readLearned } from '../record/learned.ts';
import { readNews } from '../record/news.ts';
import { MAX_CALLERS, STATUS_CLASSES, USAGE_KINDS } from '../record/operation-usage.ts';
import type { FlowRecord } from '../record/record.ts';

/** No field can be longer than the longest head a setting allows. */
const MAX_TEXT = 1 << 20;
/** What control keeps of a path or a host in its flow log: ten thousand full heads would be half a gigabyte. */
const KEPT_TEXT = 1_024;
const MAX_SOCKETS = 4_096;
/** A template of as many and as long segments as are learnt. */
const MAX_NAME = 8_192;
/** More tokens and longer windows than any limit may have. */
const MAX_TOKENS = 1e9;
const MAX_WINDOW_US = 3.6e9;

/** Facts of a finding, and bars of its picture. */
const MAX_EVIDENCE = 32;
const MAX_BARS = 256;

const FINDING_TEXTS = [
  'id',
  'node',
  'destination',
  'operation',
  'explanation',
  'decisionId',
] as const satisfies readonly (keyof Finding)[];
const TEXTS = [
  'id',
  'node',
  'protocol',
  'method',
  'host',
  'path',
  'verdict',
  'reason',
  'outcome',
] as const satisfies readonly (keyof FlowRecord)[];
const NUMBERS = [
  'time',
  'status',
  'durationMs',
  'bytesSent',
  'bytesReceived',
] as const satisfies readonly (keyof FlowRecord)[];

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads what a dataplane says. It parses hostile bytes, so it may one day be under somebody else's control, while we
 * hold every privilege: a message that is not exactly what the contract says is null, and the process is ended.
 */
export function parseReport(message: unknown): FromDataplane | null {
  if (!isFields(message) || !isReport(message)) return null;
  const report = message as unknown as FromDataplane;
  return report.kind === 'records' ? { ...report, records: report.records.map(shorten) } : report;
}

function shorten(record: FlowRecord): FlowRecord {
  const { method, host, path } = record;
  if (method.length + host.length + path.length <= KEPT_TEXT) return record;
  return { ...record, method: cut(method), host: cut(host), path: cut(path) };
}

/** By way of bytes, since a slice of a string would keep the whole in memory. */
const cut = (text: string): string =>
  text.length <= KEPT_TEXT ? text : `${Buffer.from(text.slice(0, KEPT_TEXT)).toString()}…`;

function isReport(message: Fields): boolean {
  switch (message['kind']) {
    case 'ready':
      return isCount(message['pid']);
    case 'need-sockets':
      return isNeed(message);
    case 'records':
      return isList(message['records'], isRecord) && isCount(message['dropped']);
    case 'totals':
      return isFields(message['totals']) && isTotals(message['totals']);
    case 'catalog':
      return isCatalog(message);
    case 'findings':
      return isList(message['findings'], isFinding) && isCount(message['dropped']);
    case 'quarantine':
      return isShort(message['uid']) && Object.hasOwn(DETECTIONS, String(message['detection']));
    case 'beat':
      return isList(message['namespaces'], isCount);
    case 'proof':
      return isCount(message['ns']) && isFamily(message['family']) && isCount(message['port']);
    case 'lease-asks':
      return isList(message['asks'], isAsk) && (message['asks'] as unknown[]).length <= MAX_LEASE_ASKS;
    case 'inbound-wanted':
      return isCount(message['ns']) && [true, false, 'later'].some((word) => word === message['wanted']);
    case 'news':
      return readNews(message) !== null && isCounts(message, ['dropped', 'refused']);
    case 'learned':
      return (
        isList(message['learned'], (one) => readLearned(one) !== null) &&
        (message['learned'] as unknown[]).length <= MAX_LEARNED_PER_MESSAGE &&
        typeof message['first'] === 'boolean' &&
        typeof message['last'] === 'boolean'
      );
    case 'drained':
      return true;
    default:
      return false;
  }
}

const isDirection = (value: unknown): boolean => value === 'outbound' || value === 'inbound';

function isNeed({ ns, direction, family, count }: Fields): boolean {
  return (
    isCount(ns) &&
    isDirection(direction) &&
    isFamily(family) &&
    isCount(count) &&
    count > 0 &&
    count <= MAX_SOCKETS
  );
}

function isTotals(totals: Fields): boolean {
  const numbers = [
    'openConnections',
    'heldConnections',
    'recordsDropped',
    'loopLagMs',
    'rssBytes',
    'cpuSeconds',
  ];
  return (
    numbers.every((name) => isAmount(totals[name])) &&
    isList(totals['cells'], isCell) &&
    isList(totals['verdicts'], isVerdictCell) &&
    isListOfNames(totals['partlyKnown']) &&
    isListOfNames(totals['askedUnseen']) &&
    isLimitTotals(totals['limits']) &&
    isIdCounts(totals['ids'])
  );
}

const isListOfNames = (value: unknown): boolean =>
  isList(value, isName) && (value as unknown[]).length <= MAX_PARTLY_KNOWN;

const SPENT = [
  'leased',
  'ahead',
  'alone',
  'share',
  'open',
  'limited',
  'unavailable',
  'others',
] as const satisfies readonly (keyof BookCounts)[];

const isIdCounts = (ids: unknown): boolean =>
  isFields(ids) &&
  isCounts(ids['requestBodies'], BODY_OUTCOMES) &&
  isCounts(ids['responseBodies'], BODY_OUTCOMES) &&
  isCounts(ids['shown'], SHOWN_SOURCES) &&
  isCounts(ids['forgotten'], FORGOTTEN);

function isLimitTotals(limits: unknown): boolean {
  return (
    isFields(limits) &&
    (limits['mode'] === 'lease' || limits['mode'] === 'share') &&
    isCount(limits['buckets']) &&
    isCount(limits['unverified']) &&
    isCounts(limits['spent'], SPENT) &&
    isList(limits['cells'], isLimitCell)
  );
}

const isLimitCell = (cell: unknown): boolean =>
  isCounts(cell, ['admitted', 'refused']) &&
  isFields(cell) &&
  isText(cell['policy']) &&
  isText(cell['limit']) &&
  typeof cell['enforced'] === 'boolean';

const isCounts = (value: unknown, names: readonly string[]): boolean =>
  isFields(value) && names.every((name) => isCount(value[name]));

function isAsk(ask: unknown): boolean {
  if (!isFields(ask)) return false;
  const { key, rate, least, owed } = ask;
  return (
    typeof key === 'string' &&
    key.length <= MAX_BUCKET_KEY &&
    isRate(rate) &&
    isCounts(ask, ['bucket', 'period', 'tat']) &&
    ['want', 'local', 'arrived'].every((name) => isTokens(ask[name])) &&
    isTokens(least) &&
    least > 0 &&
    typeof owed === 'number' &&
    isTokens(Math.abs(owed))
  );
}

const isRate = (rate: unknown): boolean =>
  isFields(rate) &&
  [rate['tokens'], rate['burst']].every((tokens) => isTokens(tokens) && tokens > 0) &&
  isCount(rate['windowUs']) &&
  rate['windowUs'] > 0 &&
  rate['windowUs'] <= MAX_WINDOW_US;

const isTokens = (value: unknown): value is number => isCount(value) && value <= MAX_TOKENS;

const isVerdictCell = (cell: unknown): boolean =>
  isFields(cell) &&
  isCount(cell['exchanges']) &&
  isText(cell['reason']) &&
  isText(cell['verdict']) &&
  [cell['policy'], cell['rule']].every((name) => name === null || isText(name));

function isCell(cell: unknown): boolean {
  if (!isFields(cell)) return false;
  const texts = [
    'callerNamespace',
    'callerWorkload',
    'destination',
    'protocol',
    'verdict',
    'outcome',
    'statusClass',
  ];
  const numbers = ['exchanges', 'bytesSent', 'bytesReceived', 'durationSumMs'];
  return (
    texts.every((name) => isText(cell[name])) &&
    numbers.every((name) => isAmount(cell[name])) &&
    isList(cell['durations'], isAmount)
  );
}

function isCatalog({ moves, usages, forgotten }: Fields): boolean {
  return isList(moves, isMove) && isList(usages, isUsage) && isCount(forgotten);
}

function isMove(move: unknown): boolean {
  return isFields(move) && isPlace(move) && isOperationName(move['from']) && isOperationName(move['to']);
}

export function isUsage(usage: unknown): boolean {
  if (!isFields(usage) || !isPlace(usage) || !isOperationName(usage)) return false;
  const numbers = ['calls', 'denied', 'bytesSent', 'bytesReceived', 'firstSeen', 'lastSeen', 'otherCalls'];
  return (
    isText(usage['protocol']) &&
    numbers.every((name) => isAmount(usage[name])) &&
    isList(usage['statuses'], isAmount) &&
    (usage['statuses'] as unknown[]).length === STATUS_CLASSES &&
    isByCaller(usage['callers']) &&
    isByCaller(usage['receivedBy'])
  );
}

function isByCaller(amounts: unknown): boolean {
  if (!isFields(amounts)) return false;
  const entries = Object.entries(amounts);
  return (
    entries.length <= MAX_CALLERS && entries.every(([caller, amount]) => isName(caller) && isAmount(amount))
  );
}

const isPlace = ({ namespace, service, port }: Fields): boolean =>
  isName(namespace) && isName(service) && isCount(port);

const isOperationName = (value: unknown): boolean =>
  isFields(value) &&
  (USAGE_KINDS as readonly unknown[]).includes(value['kind']) &&
  ['method', 'name', 'template'].every((name) => isName(value[name]));

function isRecord(record: unknown): boolean {
  return (
    isFields(record) &&
    (record['leg'] === undefined || record['leg'] === 'inbound') &&
    (record['trace'] === undefined || isTrace(record['trace'])) &&
    (record['template'] === undefined || isShort(record['template'])) &&
    TEXTS.every((name) => isText(record[name])) &&
    NUMBERS.every((name) => isAmount(record[name])) &&
    isTextOrNull(record['policy']) &&
    isTextOrNull(record['rule']) &&
    (record['caller'] === null || isWorkload(record['caller'])) &&
    isDestination(record['destination'])
  );
}

const isTrace = (trace: unknown): boolean =>
  isFields(trace) &&
  /^[0-9a-f]{32}$/.test(String(trace['traceId'])) &&
  /^[0-9a-f]{16}$/.test(String(trace['parentId'])) &&
  typeof trace['sampled'] === 'boolean';

function isWorkload(workload: unknown): boolean {
  const texts = ['uid', 'namespace', 'pod', 'node', 'serviceAccount', 'kind', 'name'];
  return (
    isFields(workload) &&
    texts.every((name) => isText(workload[name])) &&
    isFields(workload['labels']) &&
    Object.values(workload['labels']).every(isText)
  );
}

function isDestination(destination: unknown): boolean {
  return (
    isFields(destination) &&
    isText(destination['key']) &&
    isText(destination['ip']) &&
    isCount(destination['port']) &&
    isList(destination['services'], isServiceRef)
  );
}

const isServiceRef = (ref: unknown): boolean =>
  isFields(ref) && isText(ref['namespace']) && isText(ref['service']) && isCount(ref['port']);

function isFinding(finding: unknown): boolean {
  return (
    isFields(finding) &&
    FINDING_TEXTS.every((name) => isShort(finding[name])) &&
    Object.hasOwn(DETECTIONS, String(finding['detection'])) &&
    isOneOf(SEVERITIES, finding['severity']) &&
    isOneOf(FINDING_ACTIONS, finding['action']) &&
    isOneOf(['open', 'resolved'], finding['state']) &&
    ['firstSeen', 'lastSeen', 'count'].every((name) => isAmount(finding[name])) &&
    isFindingCaller(finding['caller']) &&
    isEvidence(finding['evidence']) &&
    (finding['sequence'] === undefined || isSequence(finding['sequence']))
  );
}

function isFindingCaller(caller: unknown): boolean {
  const texts = ['namespace', 'kind', 'name', 'serviceAccount', 'pod'];
  return isFields(caller) && texts.every((name) => isShort(caller[name]));
}

function isEvidence(evidence: unknown): boolean {
  if (!isFields(evidence)) return false;
  const entries = Object.entries(evidence);
  return (
    entries.length <= MAX_EVIDENCE &&
    entries.every(
      ([name, value]) =>
        isShort(name) && (typeof value === 'boolean' || isShort(value) || Number.isFinite(value)),
    )
  );
}

function isSequence(sequence: unknown): boolean {
  if (!isFields(sequence)) return false;
  const { unit, stepMs, values, marked, baseline, threshold } = sequence;
  const isBars = (bars: unknown) => isList(bars, isAmount) && (bars as []).length <= MAX_BARS;
  const isLine = (line: unknown) => line === null || isAmount(line);
  return (
    isShort(unit) &&
    isAmount(stepMs) &&
    isBars(values) &&
    isBars(marked) &&
    isLine(baseline) &&
    isLine(threshold)
  );
}

const isFamily = (value: unknown): boolean => value === 4 || value === 6;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_TEXT;
const isShort = (value: unknown): boolean => typeof value === 'string' && value.length <= KEPT_TEXT;
const isOneOf = (words: readonly string[], value: unknown): boolean =>
  typeof value === 'string' && words.includes(value);
/** What control keeps many of. */
const isName = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_NAME;
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && isAmount(value);
const isList = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem);
