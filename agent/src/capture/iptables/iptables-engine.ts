import type { Fd } from '../../kernel/libc.ts';
import { nftablesGeneration } from '../../kernel/libc-nftables.ts';
import { ok, type Result } from '../../kernel/result.ts';
import type { NetnsDoor } from '../inside.ts';
import { type Applied, type PodRules, type RuleEngine, UNCHANGED } from '../rule-engine.ts';
import type { Wish } from '../wish.ts';
import { marksApart } from '../zone.ts';
import { applyWish, type Iptables } from './iptables.ts';
import type { Family } from './rules.ts';
import { mayHaveChain } from './traces.ts';

/**
 * For kernels without nf_tables. These rules know neither a gate nor a fail mode: connections are redirected until
 * somebody removes the rules, and refused while nobody listens.
 */
export class IptablesEngine implements RuleEngine {
  readonly kind: RuleEngine['kind'];
  readonly apartBy = 'mark';
  readonly #door: NetnsDoor;
  readonly #iptables: Iptables;

  constructor(door: NetnsDoor, iptables: Iptables) {
    this.kind = `iptables-${iptables.variant}`;
    this.#door = door;
    this.#iptables = iptables;
  }

  open(netns: Fd, untouched: boolean): Result<PodRules, string> {
    return ok(new IptablesRules(this.#door, this.#iptables, { netns, untouched }));
  }
}

class IptablesRules implements PodRules {
  readonly #door: NetnsDoor;
  readonly #iptables: Iptables;
  readonly #netns: Fd;
  #untouched: boolean;
  /** Where there never was a rule of ours, the tools for IPv6 need not even exist. */
  #touched6 = false;
  /** The generation of the rules when they were last found right. */
  #rightAt: number | null = null;

  constructor(door: NetnsDoor, iptables: Iptables, place: { netns: Fd; untouched: boolean }) {
    this.#door = door;
    this.#iptables = iptables;
    this.#netns = place.netns;
    this.#untouched = place.untouched;
    this.#touched6 = !place.untouched;
  }

  async apply(wish: Wish): Promise<Result<Applied, string>> {
    const put = await this.#put(wish);
    this.#rightAt = null;
    return put.ok ? ok({ ...put.value, changed: [] }) : put;
  }

  /** Says what was not as wished. */
  async #put(wish: Wish): Promise<Result<Applied, string>> {
    this.#touched6 ||= wish.v6.mode !== 'none';
    const [v4, v6] = await Promise.all([
      this.#apply(4, wish),
      this.#touched6 ? this.#apply(6, wish) : ok([]),
    ]);
    this.#untouched = false;
    if (!v4.ok) return v4;
    const changed = v4.value.length > 0 ? ['IPv4 rules'] : [];
    if (!v6.ok) return ok({ ...UNCHANGED, changed, failed6: v6.error });
    return ok({ ...UNCHANGED, changed: v6.value.length > 0 ? [...changed, 'IPv6 rules'] : changed });
  }

  async verify(wish: Wish): Promise<Result<Applied, string>> {
    // Taken before looking: a change in between makes the next round look again.
    const generation = this.#generation();
    if (generation !== null && generation === this.#rightAt) return ok(UNCHANGED);
    const applied = await this.#put(wish);
    this.#rightAt = applied.ok ? generation : null;
    return applied;
  }

  /** There is no gate that it would open. What nobody has found right yet is left to the next round, and not to all at once. */
  beat(): boolean {
    return this.#rightAt === null || this.#generation() === this.#rightAt;
  }

  /** What comes to pods is not observed. */
  closeArrivals(): void {}

  mayBeThere(): boolean {
    const there = this.#door.inside(this.#netns, () => mayHaveChain(this.#iptables.variant));
    return !there.ok || there.value;
  }

  counters(): ReadonlyMap<string, number> {
    return new Map();
  }

  close(): void {}

  #apply(family: Family, wish: Wish) {
    const at = { netns: this.#netns, untouched: this.#untouched };
    return applyWish(this.#iptables, at, {
      family,
      quic: wish.quic,
      wish: family === 4 ? wish.v4 : wish.v6,
      exemptions: wish.exemptions,
      marksApart: wish.apart ? marksApart(wish) : [],
    });
  }

  /** Null for tables that nftables does not know of. */
  #generation(): number | null {
    if (this.#iptables.variant !== 'nft') return null;
    const generation = this.#door.inside(this.#netns, nftablesGeneration);
    return generation.ok ? generation.value : null;
  }
}
