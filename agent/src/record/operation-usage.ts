/** Where operations are: a port of a Service, or a host outside of the cluster, which has no namespace. */
export interface Place {
  readonly namespace: string;
  /** The Service, or the host. */
  readonly service: string;
  readonly port: number;
}

/**
 * `probes` are requests that showed no operation: a scanner's, or those of somebody whom nobody answers. `tls` is what
 * nobody reads.
 */
export const USAGE_KINDS = ['operation', 'tls', 'probes'] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];

/** What tells an operation of a place from the others. Empty where the kind has none. */
export interface OperationName {
  readonly kind: UsageKind;
  readonly method: string;
  /** As GraphQL's operations have, which share a path. */
  readonly name: string;
  readonly template: string;
}

/** No status, then 1xx to 5xx. */
export const STATUS_CLASSES = 6;
/** Callers of one operation that are told apart. */
export const MAX_CALLERS = 64;

/** How much an operation was used. */
export interface OperationUsage extends Place, OperationName {
  readonly protocol: string;
  readonly calls: number;
  /** Of these, what Eastwall refused. */
  readonly denied: number;
  /** Calls by class of status: none, 1xx to 5xx. */
  readonly statuses: readonly number[];
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Milliseconds since the epoch. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Calls by caller, `namespace/name`. */
  readonly callers: Readonly<Record<string, number>>;
  /** Bytes that these callers received. */
  readonly receivedBy: Readonly<Record<string, number>>;
  /** Calls of callers for whom there was no room. */
  readonly otherCalls: number;
}

/** An operation reads differently now: more of its path turned out to be an id. */
export interface OperationMove extends Place {
  readonly from: OperationName;
  readonly to: OperationName;
}

/** What a dataplane has seen since it said so last; moves come before usages. */
export interface CatalogDelta {
  readonly moves: readonly OperationMove[];
  readonly usages: readonly OperationUsage[];
  /** Operations that were forgotten for want of room. */
  readonly forgotten: number;
}

/** The same for all usages of one operation. */
export function usageKey(place: Place, { kind, method, name, template }: OperationName): string {
  // The only part that a space may be in comes last.
  return `${placeKey(place)} ${kind} ${method} ${template} ${name}`;
}

export function placeKey({ namespace, service, port }: Place): string {
  return `${namespace}/${service}:${port}`;
}

/** What both say of one operation, as one. */
export function addUsage(a: OperationUsage, b: OperationUsage): OperationUsage {
  const callers = new Map(Object.entries(a.callers));
  let otherCalls = a.otherCalls + b.otherCalls;
  for (const [caller, calls] of Object.entries(b.callers)) {
    const known = callers.get(caller);
    if (known !== undefined || callers.size < MAX_CALLERS) callers.set(caller, (known ?? 0) + calls);
    else otherCalls += calls;
  }
  return {
    ...a,
    calls: a.calls + b.calls,
    denied: a.denied + b.denied,
    statuses: a.statuses.map((count, index) => count + (b.statuses[index] ?? 0)),
    bytesSent: a.bytesSent + b.bytesSent,
    bytesReceived: a.bytesReceived + b.bytesReceived,
    firstSeen: Math.min(a.firstSeen, b.firstSeen),
    lastSeen: Math.max(a.lastSeen, b.lastSeen),
    callers: Object.fromEntries(callers),
    receivedBy: sumOf(a.receivedBy, b.receivedBy, callers),
    otherCalls,
  };
}

/** Amounts of both by caller, of those that are told apart. */
function sumOf(
  a: OperationUsage['receivedBy'],
  b: OperationUsage['receivedBy'],
  callers: ReadonlyMap<string, number>,
): Record<string, number> {
  return Object.fromEntries(
    [...callers.keys()].map((caller) => [caller, (a[caller] ?? 0) + (b[caller] ?? 0)]),
  );
}

/** Calls that made it so, and the time between two of them. */
const OBSERVED_CALLS = 3;
const OBSERVED_MS = 10 * 60_000;

/** `observed` is no accident any more: something that an API has. */
export function usageState({ calls, firstSeen, lastSeen }: OperationUsage): 'new' | 'observed' {
  return calls >= OBSERVED_CALLS && lastSeen - firstSeen >= OBSERVED_MS ? 'observed' : 'new';
}
