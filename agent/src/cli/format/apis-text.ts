import { MAX_CALLERS, type OperationUsage, usageState } from '../../record/operation-usage.ts';
import type { Paint } from './colour.ts';
import { type Cell, table } from './table.ts';
import { age, size, visible } from './text.ts';

export interface ApisStyle {
  readonly paint: Paint;
  readonly wide: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Apis {
  /** In the order in which they are shown. */
  readonly usages: readonly OperationUsage[];
  readonly forgotten: number;
}

const HEADER = [
  'NAMESPACE',
  'SERVICE',
  'METHOD',
  'OPERATION',
  'CALLERS',
  'CALLS',
  '2XX',
  '4XX',
  '5XX',
  'LAST-SEEN',
];
const WIDER = ['DENIED', 'PROTOCOL', 'SENT', 'RECEIVED', 'FIRST-SEEN', 'STATE', 'WHO'];
/** Callers that are named in a wide table. */
const NAMED_CALLERS = 3;

/** `eastwall apis`. */
export function apisText({ usages, forgotten }: Apis, style: ApisStyle): string {
  const probes = usages.filter(({ kind }) => kind === 'probes');
  const operations = usages.filter(({ kind }) => kind !== 'probes');
  const rows = operations.map((usage) => rowOf(usage, style));
  return [
    rows.length === 0 ? 'no operations seen\n' : table(style.wide ? [...HEADER, ...WIDER] : HEADER, rows),
    ...probes.map((probe) => style.paint('dim', `${probeText(probe)}`)).map((line) => `${line}\n`),
    ...(forgotten > 0
      ? [`${forgotten} operations were forgotten for want of room (\`--max-operations\`)\n`]
      : []),
  ].join('');
}

function rowOf(usage: OperationUsage, style: ApisStyle): (string | Cell)[] {
  const { namespace, kind, method, calls, statuses, lastSeen } = usage;
  return [
    visible(namespace) || '-',
    visible(placeOf(usage)),
    kind === 'tls' ? 'TLS' : visible(method),
    kind === 'tls' ? '(not read)' : visible(operationOf(usage)),
    callerCount(usage),
    `${calls}`,
    `${statuses[2] ?? 0}`,
    errors(statuses[4], 'yellow', style),
    errors(statuses[5], 'red', style),
    age(style.now - lastSeen),
    ...(style.wide ? widerCells(usage, style) : []),
  ];
}

const widerCells = (usage: OperationUsage, { now }: ApisStyle): string[] => [
  `${usage.denied}`,
  usage.protocol,
  size(usage.bytesSent),
  size(usage.bytesReceived),
  age(now - usage.firstSeen),
  usageState(usage),
  visible(busiest(usage)),
];

function probeText(probe: OperationUsage): string {
  const where = `${probe.namespace === '' ? '' : `${probe.namespace}/`}${placeOf(probe)}`;
  const requests = probe.calls === 1 ? '1 request' : `${probe.calls} requests`;
  return visible(`${requests} to ${where} showed no operation, from ${busiest(probe)}`);
}

const placeOf = ({ service, port }: OperationUsage): string =>
  service.includes(':') ? `[${service}]:${port}` : `${service}:${port}`;

const operationOf = ({ template, name }: OperationUsage): string =>
  name === '' ? template : `${template} ${name}`;

function callerCount({ callers, otherCalls }: OperationUsage): string {
  return otherCalls > 0 ? `>${MAX_CALLERS}` : `${Object.keys(callers).length}`;
}

/** The callers with the most calls. */
function busiest({ callers, otherCalls }: OperationUsage): string {
  const names = Object.entries(callers)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name]) => name);
  const more = names.length - NAMED_CALLERS;
  const rest = otherCalls > 0 ? ', …' : more > 0 ? `, ${more} more` : '';
  return `${names.slice(0, NAMED_CALLERS).join(', ')}${rest}`;
}

function errors(count: number | undefined, colour: 'yellow' | 'red', { paint }: ApisStyle): Cell {
  const text = `${count ?? 0}`;
  return count ? { text, shown: paint(colour, text) } : { text };
}
