import { addressOf } from '../address/cidr.ts';
import type { Destination } from '../model/destination.ts';
import { CidrIndex } from './cidr-index.ts';
import type { CompiledEgress, CompiledReach } from './compiled-egress.ts';
import { DecisionTable } from './decision-table.ts';
import { HostTable } from './host-table.ts';
import type { Lane } from './lanes.ts';

/** An entry of `to` that names networks or ports. */
export interface Placed {
  /** Place among all such entries of the profile. */
  readonly at: number;
  readonly reach: CompiledReach;
  readonly lane: Lane;
  readonly rank: number;
}

/**
 * All that EgressPolicies say about some callers, wherever they connect to. What names no network or port holds for
 * every destination and is indexed here once; the rest is looked up when a destination is known.
 */
export class EgressProfile {
  readonly signature: string;
  /** Entries: what it costs to build and to keep. */
  readonly size: number;
  readonly table: DecisionTable<CompiledReach>;
  readonly anywhere = new HostTable();
  readonly #byCidr = new CidrIndex<Placed>();
  readonly #byPort = new Map<number, Placed[]>();
  #placedCount = 0;

  /** `policies` are those that govern the callers, in order of name. */
  constructor(policies: readonly CompiledEgress[]) {
    this.signature = signatureOf(policies);
    this.table = new DecisionTable(policies.map((policy) => ({ policy, rules: [...policy.rules.keys()] })));
    for (const { rule, lane, rank } of this.table.ranked) {
      for (const reach of rule.to) this.#file(reach, { lane, rank });
    }
    this.size = this.anywhere.size + this.#placedCount;
  }

  /** The entries for this network and port, in order and each once. */
  placedAt({ ip, port }: Destination): readonly Placed[] {
    const found = new Set(this.#byPort.get(port));
    const address = addressOf(ip);
    if (address !== null) {
      for (const placed of this.#byCidr.containing(address)) {
        if (placed.reach.ports?.includes(port) ?? true) found.add(placed);
      }
    }
    return [...found].sort((a, b) => a.at - b.at);
  }

  #file(reach: CompiledReach, place: { lane: Lane; rank: number }): void {
    const { cidrs, ports } = reach;
    if (cidrs === null && ports === null) {
      this.anywhere.add(reach, place);
      return;
    }
    const placed = { at: this.#placedCount++, reach, ...place };
    if (cidrs !== null) for (const cidr of cidrs) this.#byCidr.add(cidr, placed);
    else for (const port of ports ?? []) this.#filePort(port, placed);
  }

  #filePort(port: number, placed: Placed): void {
    const entries = this.#byPort.get(port);
    if (entries === undefined) this.#byPort.set(port, [placed]);
    else entries.push(placed);
  }
}

/** Equal signatures mean equal profiles, within one set. */
export function signatureOf(policies: readonly CompiledEgress[]): string {
  return policies.map(({ serial }) => serial).join();
}
