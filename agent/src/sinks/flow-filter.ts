import type { ServiceRef } from '@eastwall/policy';
import type { LabelMatcher } from '../kernel/label-selector.ts';
import type { FlowRecord, Outcome } from '../record/record.ts';

/** What `--from` and `--to` name: `ns/name`, `name`, or `ns/` for everything in a namespace. */
export interface Party {
  readonly namespace: string | null;
  readonly name: string | null;
}

/** Which records somebody wants to see; a null field asks for nothing. */
export interface FlowFilter {
  /** False: only what was blocked, or would have been under `Enforce`. */
  readonly all: boolean;
  /** Caller or destination is in this namespace. */
  readonly namespace: string | null;
  readonly from: Party | null;
  /** Of the caller's pod. */
  readonly fromLabels: LabelMatcher | null;
  readonly to: Party | null;
  /** Of one of the Services that the destination stands for. */
  readonly toLabels: ((services: readonly ServiceRef[]) => boolean) | null;
}

export const EVERYTHING: FlowFilter = {
  all: true,
  namespace: null,
  from: null,
  fromLabels: null,
  to: null,
  toLabels: null,
};

/** Outcomes by which Eastwall, not the application or the network, ended an exchange. */
const BLOCKING: ReadonlySet<Outcome> = new Set([
  'denied',
  'malformed_request',
  'malformed_response',
  'identity_unknown',
  'overload',
]);

export const isBlocked = (record: FlowRecord): boolean =>
  record.verdict !== 'allow' || BLOCKING.has(record.outcome);

export function matches(filter: FlowFilter, record: FlowRecord): boolean {
  return (
    (filter.all || isBlocked(record)) &&
    (filter.namespace === null || touches(filter.namespace, record)) &&
    (filter.from === null || isFrom(filter.from, record)) &&
    (filter.fromLabels === null || (record.caller !== null && filter.fromLabels(record.caller.labels))) &&
    (filter.to === null || isTo(filter.to, record)) &&
    (filter.toLabels === null || filter.toLabels(record.destination.services))
  );
}

/** `ns/name` → both, `name` → name only, `ns/` → namespace only. */
export function parseParty(text: string): Party {
  const slash = text.indexOf('/');
  if (slash < 0) return { namespace: null, name: text };
  return { namespace: text.slice(0, slash) || null, name: text.slice(slash + 1) || null };
}

const touches = (namespace: string, { caller, destination }: FlowRecord): boolean =>
  caller?.namespace === namespace || destination.services.some((service) => service.namespace === namespace);

/** A caller goes by the name of its workload or of its pod. */
function isFrom({ namespace, name }: Party, { caller }: FlowRecord): boolean {
  if (caller === null) return false;
  return (
    (namespace === null || caller.namespace === namespace) &&
    (name === null || caller.name === name || caller.pod === name)
  );
}

/** A destination goes by the name of any Service it stands behind; one without Services by its address or host. */
function isTo({ namespace, name }: Party, { destination, host }: FlowRecord): boolean {
  const isService = destination.services.some(
    (ref) => (namespace === null || ref.namespace === namespace) && (name === null || ref.service === name),
  );
  if (isService) return true;
  return (
    namespace === null && name !== null && (destination.ip === name || hostOnly(host) === name.toLowerCase())
  );
}

const hostOnly = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();
