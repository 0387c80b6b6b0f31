import type { Finding } from '../record/finding.ts';
import type { FlowRecord } from '../record/record.ts';

/** What has become of a finding: each turn is one event. */
export type FindingTurn = 'began' | 'escalated' | 'ended';

/**
 * What is told to whoever listens outside. `uid` is the same however often an event is sent, so that a receiver can tell
 * what it has already got.
 */
export type AgentEvent =
  | { readonly kind: 'exchange'; readonly uid: string; readonly record: FlowRecord }
  | { readonly kind: 'finding'; readonly uid: string; readonly finding: Finding; readonly turn: FindingTurn };

export const exchangeEvent = (record: FlowRecord): AgentEvent => ({
  kind: 'exchange',
  uid: record.id,
  record,
});

/** What is to be known of a finding as it was, to tell whether it has taken a turn. */
export type FindingBefore = Pick<Finding, 'state' | 'action'>;

/** The event of a finding that is told as `finding` now and was told as `before`; null when it has only grown. */
export function findingEvent(finding: Finding, before: FindingBefore | null): AgentEvent | null {
  const turn = turnOf(finding, before);
  if (turn === null) return null;
  const uid = `${finding.id}-${turn === 'escalated' ? finding.action : turn}`;
  return { kind: 'finding', uid, finding, turn };
}

/** A resolved finding that was never told as open (it has been forgotten here) has ended all the same. */
function turnOf(finding: Finding, before: FindingBefore | null): FindingTurn | null {
  if (finding.state === 'resolved') return before?.state === 'resolved' ? null : 'ended';
  if (before === null) return 'began';
  return finding.action === before.action ? null : 'escalated';
}

/**
 * `template`: what was asked for is named by its operation, because a path holds values: ids, names, tokens. `raw`: by the
 * path itself.
 */
export type PathStyle = 'template' | 'raw';

/** The record as it may leave the node. */
export function forLeaving(record: FlowRecord, paths: PathStyle): FlowRecord {
  const { template = '', ...rest } = record;
  return paths === 'raw' ? rest : { ...rest, path: template };
}

/** Who tells, and how. */
export interface Reporter {
  readonly node: string;
  readonly version: string;
  readonly paths: PathStyle;
}
