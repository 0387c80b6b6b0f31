import type { Contract } from '../../src/detect/contract.ts';
import { Enumeration, type EnumerationLimits } from '../../src/detect/enumeration.ts';
import type { IdForm } from '../../src/detect/id-shape.ts';
import { PROVENANCE_LIMITS, ProvenanceFilter } from '../../src/detect/provenance-filter.ts';
import { isAtLeast, type Tier } from '../../src/detect/tier.ts';
import type { Touch } from '../../src/detect/touch.ts';
import { aTouch } from '../touch.ts';
import { hashesOf } from './random.ts';

export interface Asked {
  readonly id: number;
  /** Whether there is such an object, and the caller may see it. */
  readonly exists?: boolean;
  readonly form?: IdForm;
  readonly principal?: number;
  readonly isAttack?: boolean;
}

const OPERATION = 1;
/** Alerts that follow one another within this are one episode. */
const EPISODE_MS = 10 * 60_000;

/** One workload as the guard sees it, calling one operation, with the real detectors. */
export class Subject {
  readonly #enumeration: Enumeration;
  #filter: ProvenanceFilter;
  #quietSince = 0;
  readonly #stolen = new Set<number>();
  readonly #touch: Touch;
  readonly #contract: Contract | null;
  #image = 1;
  /** Distinct ids an attacker got before that happened; null as long as it has not. */
  leakedAtAlert: number | null = null;
  leakedAtBlock: number | null = null;
  falseEpisodes = 0;
  /** Alarms from here on are false ones if no attack is under way. */
  isJudged = false;

  constructor(limits: EnumerationLimits, now: number, contract: Contract | null = null) {
    this.#enumeration = new Enumeration(limits);
    this.#filter = new ProvenanceFilter(PROVENANCE_LIMITS, now);
    this.#contract = contract;
    this.#touch = aTouch({ h1: 0, h2: 0, contract });
  }

  get leaked(): number {
    return this.#stolen.size;
  }

  /** A response, or the answer to its own write, that shows ids. */
  show(ids: Iterable<number>, now: number): void {
    const message = { source: 'response' as const, ids: 0 };
    this.#filter.advance(now);
    for (const id of ids) this.#filter.show(message, hashesOf(id), now);
  }

  /** Serves a request that carries ids. */
  serve(ids: Iterable<number>, now: number, serve: () => void): void {
    const request = this.#filter.openInbound(now);
    for (const id of ids) {
      const { h1, h2 } = hashesOf(id);
      this.#filter.showInbound(request, h1, h2);
    }
    serve();
    this.#filter.closeInbound(request);
  }

  deploy(): void {
    this.#image++;
  }

  /** The agent starts anew on this node: what it saw is gone. */
  forget(now: number): void {
    this.#filter = new ProvenanceFilter(PROVENANCE_LIMITS, now);
  }

  get(asked: Asked, now: number): Tier {
    const touch = this.#read(asked, now);
    const principal = asked.principal ?? 0;
    const workload = this.#enumeration.key(1, OPERATION, OPERATION, now);
    let tier = this.#enumeration.step(workload, touch);
    if (principal !== 0) {
      const own = this.#enumeration.key(principal, ~OPERATION, ~OPERATION, now);
      const parent = this.#enumeration.key(1, OPERATION, OPERATION, now);
      const highs = this.#enumeration.key(2, OPERATION, OPERATION, now);
      const theirs = this.#enumeration.step(own, touch, { parent, highs });
      if (isAtLeast(theirs, tier)) tier = theirs;
    }
    if (touch.firstTouch) this.#enumeration.answered(1, OPERATION, asked.exists === false);
    if (asked.isAttack) this.#countLeak(asked, tier);
    else if (isAtLeast(tier, 'alert')) this.#countFalse(now);
    return tier;
  }

  evidence() {
    return this.#enumeration.evidence(this.#enumeration.key(1, OPERATION, OPERATION, 0));
  }

  #read({ id, form = 'number' }: Asked, now: number): Touch {
    const { h1, h2 } = hashesOf(id);
    const touch = this.#touch;
    this.#filter.advance(now);
    touch.h1 = h1;
    touch.h2 = h2;
    touch.explained = this.#filter.explains(h1, h2);
    touch.firstTouch = this.#filter.isFirstTouch(h1, h2, now);
    touch.form = form;
    touch.value = id;
    touch.image = this.#image;
    touch.isYoung = this.#filter.isYoung(now);
    touch.contract = this.#contract;
    touch.inForce = this.#contract?.isInForce(now) ?? false;
    return touch;
  }

  #countLeak({ id, exists = true }: Asked, tier: Tier): void {
    if (tier === 'block') this.leakedAtBlock ??= this.#stolen.size;
    if (exists) this.#stolen.add(id);
    if (isAtLeast(tier, 'alert')) this.leakedAtAlert ??= this.#stolen.size;
  }

  #countFalse(now: number): void {
    if (!this.isJudged || this.#stolen.size > 0) return;
    if (now >= this.#quietSince) this.falseEpisodes++;
    this.#quietSince = now + EPISODE_MS;
  }
}
