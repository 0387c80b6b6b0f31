import { rareAlertThreshold } from './alert-budget.ts';
import { Cusum, FAST, SLOW } from './cusum.ts';
import { RateEstimate } from './rate-estimate.ts';
import { NOT_INFORMATIVE, rateOf } from './rate-level.ts';

/** How usual it is that one more follows is a correction to the usual rate, which itself is rounded up. */
const FOLLOWING = { prior: 3, deviations: 1 };

/** Of agents that did not know how ids follow one another: a key began at 48, and only ids that come at once brought it higher. */
const OLD_HIGH = 50;

/**
 * Evidence from ids that nothing explains, one per slot. Unexplained ids of usual work come several at once: one request
 * brings a list that was stored, and gets all that is on it. So an id adds as much as it is unusual at its place: right
 * after an unexplained one by how often one more follows, else by how often there is a first one. An attacker is taken to
 * be a share of all ids, wherever they come.
 *
 * `highs` is the slot that knows how ids follow one another and how high evidence gets: the key's own, or for a user's
 * key that of all users together.
 */
export class UnexplainedEvidence {
  static readonly BYTES_PER_KEY = 2 * Cusum.BYTES_PER_KEY + RateEstimate.BYTES_PER_KEY.rough + 1;
  /** Numbers that `save` gives. */
  static readonly SAVED = 2;
  static readonly SAVED_FOLLOWING = RateEstimate.SAVED;
  readonly #fast: Cusum;
  readonly #slow: Cusum;
  /** Of unexplained ids among those right after an unexplained one. */
  readonly #following: RateEstimate;
  /** Whether the last id was unexplained. */
  readonly #isNext: Uint8Array;

  constructor(capacity: number) {
    this.#fast = new Cusum(capacity, FAST);
    this.#slow = new Cusum(capacity, SLOW);
    this.#following = new RateEstimate(capacity, 'rough', FOLLOWING);
    this.#isNext = new Uint8Array(capacity);
  }

  reset(slot: number, day: number): void {
    this.#fast.reset(slot, day);
    this.#slow.reset(slot, day);
    this.#following.reset(slot, day);
    this.#isNext[slot] = 0;
  }

  /** A new image: it may bring other ids at once. */
  renew(slot: number, day: number): void {
    this.#following.renew(slot, day);
  }

  /** One id by a key whose usual rate of unexplained ones is `level`; null where nothing may be held against it. */
  see(slot: number, highs: number, day: number, isUnexplained: boolean, level: number | null): void {
    if (level !== null && level !== NOT_INFORMATIVE) {
      const rate = isUnexplained ? this.#usualHere(slot, highs, level) : 0;
      this.#fast.noteHigh(highs, this.#fast.step(slot, level, isUnexplained, rate), day);
      this.#slow.noteHigh(highs, this.#slow.step(slot, level, isUnexplained, rate), day);
    }
    const isNext = this.#isNext[slot] === 1;
    if (isNext) this.#following.observe(highs, day, isUnexplained);
    if (isNext !== isUnexplained) this.#isNext[slot] = isUnexplained ? 1 : 0;
  }

  /** As a multiple of what is worth an alert, where `least` is what the alert budget asks for. */
  multiple(slot: number, highs: number, level: number, least: number): number {
    const [fast, slow] = [this.#fast.sum(slot), this.#slow.sum(slot)];
    // Nearly always, and then nothing else is to be looked at.
    if (level === NOT_INFORMATIVE || (fast === 0 && slow === 0)) return 0;
    return Math.max(
      fast / this.#fast.threshold(highs, rareAlertThreshold(least, FAST.calm[level] ?? 0)),
      slow / this.#slow.threshold(highs, rareAlertThreshold(least, SLOW.calm[level] ?? 0)),
    );
  }

  /** What would be lost with a slot. */
  sum(slot: number): number {
    return this.#slow.sum(slot) + this.#fast.sum(slot);
  }

  save(slot: number): number[] {
    return [this.#fast.save(slot), this.#slow.save(slot)];
  }

  /** Of a slot that was reset; `following` is null where it was not known. */
  restore(slot: number, [fast = 0, slow = 0]: readonly number[], following: readonly number[] | null): void {
    this.#fast.restore(slot, fast);
    this.#slow.restore(slot, slow);
    const isClustered = Math.max(fast, slow) > OLD_HIGH;
    if (following !== null) this.#following.restore(slot, following);
    else if (isClustered) this.#following.restore(slot, [NOT_INFORMATIVE, 0]);
  }

  saveFollowing(slot: number): number[] {
    return this.#following.save(slot);
  }

  /**
   * How often the key's next id is unexplained. Who has p of them, and after one of those q, has p · (1 - q) / (1 - p)
   * after others.
   */
  #usualHere(slot: number, highs: number, level: number): number {
    const rate = rateOf(level);
    const following = Math.max(rate, rateOf(this.#following.level(highs)));
    return this.#isNext[slot] === 1 ? following : (rate * (1 - following)) / (1 - rate);
  }
}
