import { SMUGGLED } from './nft/packet-guard.ts';
import { COUNTERS } from './nft/table.ts';
import type { Attempts } from './protocol.ts';

/** What the counters of a pod's rules say. */
export function attemptsOf(counters: ReadonlyMap<string, number>): Attempts {
  const packets = (name: string): number => counters.get(name) ?? 0;
  return {
    foreignListener: packets(COUNTERS.foreignListener),
    marked: packets(COUNTERS.marked),
    forwarded: packets(COUNTERS.forwarded),
    unjudged: packets(COUNTERS.unjudged),
    smuggled: packets(SMUGGLED),
    quic: packets(COUNTERS.quic),
  };
}
