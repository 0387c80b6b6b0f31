/** Nobody's share falls below this part of an even one: who was quiet before an outage may not be so in it. */
const FLOOR = 1 / 4;

export interface Demand {
  /** What was asked for here, and of all holders together, in the same time. */
  readonly own: number;
  readonly total: number;
  /** Holders; 0 when not known. */
  readonly nodes: number;
}

/**
 * The part of a rate that one holder goes on with while the store is out of reach.
 *
 * INVARIANT: the shares of holders whose demands add up to the total add up to at most 1 + FLOOR.
 */
export function shareOf({ own, total, nodes }: Demand): number {
  const even = 1 / Math.max(1, nodes);
  if (total <= 0) return even;
  return Math.min(1, Math.max(own / total, even * FLOOR));
}
