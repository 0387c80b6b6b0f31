import { ACT_AT, AUDIT_AT, alertThreshold, DEFAULT_ALERT } from './alert-budget.ts';
import { Cusum, MISSES } from './cusum.ts';
import { DistinctIds, LEAST_THRESHOLD } from './distinct.ts';
import { type IdShape, IdShapes } from './id-shape.ts';
import { KeySlab } from './key-slab.ts';
import { RateEstimate } from './rate-estimate.ts';
import { NOT_INFORMATIVE, rateOf } from './rate-level.ts';
import { SIGNAL, type Signal, signalCount, signalNames, type Tier } from './tier.ts';
import type { Known, Touch } from './touch.ts';
import { UnexplainedEvidence } from './unexplained-evidence.ts';
import { Warmth, type WarmthLimits } from './warmth.ts';

export interface EnumerationLimits extends WarmthLimits {
  readonly maxKeys: number;
  readonly epochMs: number;
  readonly epochsPerDay: number;
  /** False alerts of one key that the operator accepts. */
  readonly alertsPerWeek: number;
}

export const ENUMERATION_LIMITS: EnumerationLimits = {
  maxKeys: 20_000,
  epochMs: 5 * 60_000,
  epochsPerDay: 288,
  alertsPerWeek: 1,
  alertAfter: 200,
  blockAfterDays: 7,
  holdEpochs: 12,
  holdRequests: 500,
};

/** What a finding says. */
export interface Evidence {
  readonly signals: readonly Signal[];
  /** Evidence from unexplained ids and from misses, as multiples of what is worth an alert. */
  readonly unexplained: number;
  readonly misses: number;
  /** The share of unexplained ids that is usual for the key as it is judged at the moment, null where provenance is not informative. */
  readonly usualUnexplained: number | null;
  readonly distinct: number;
  readonly distinctThreshold: number;
  readonly shape: IdShape;
  readonly requests: number;
}

const THRESHOLD_REFRESH = 256;
const PER_NAT = 8;
/** Where provenance explains the ids, only a multiple of the usual maximum is worth an alert: traffic also grows. */
const EXPLAINED_EXCESS = 2;
const ACT_EXCESS = 2;
/** Flags of a key: its usual ids lie as those of an enumeration do; it is a principal's. */
const USUAL_SHAPE = 1;
const PERSONAL = 2;
/** So much of the usual threshold is enough where the ids lie as an enumeration's do, which usual ones do not. */
const SHAPED_AT = 0.8;
/** Numbers that `save` gave for a key before it was known how unexplained ids follow one another; they are taken up as well. */
const OLD_NUMBERS = 4 + Warmth.SAVED + 3 * RateEstimate.SAVED + 3 + DistinctIds.SAVED;
/** Numbers that `save` gives for a key, of 32 bits each. */
export const SAVED_NUMBERS = OLD_NUMBERS + UnexplainedEvidence.SAVED_FOLLOWING;

export const isSavedLength = (length: number) => length === SAVED_NUMBERS || length === OLD_NUMBERS;

/** Marks the key that stands for all keys of an operation that came and went. */
const OTHERS = 0x6f746865;

/**
 * Decides, for one caller (or principal) and one place for ids of one operation, whether it is walking through ids
 * that it was never shown. Four signals: unexplained ids, misses, the shape of the ids, and the key's own baseline.
 */
export class Enumeration {
  readonly #limits: EnumerationLimits;
  readonly #slab: KeySlab;
  readonly #evidence: UnexplainedEvidence;
  readonly #misses: Cusum;
  readonly #unexplainedRate: RateEstimate;
  /** Of ids that would be unexplained if nobody saw what the caller is asked. */
  readonly #unshownRate: RateEstimate;
  readonly #missRate: RateEstimate;
  readonly #distinct: DistinctIds;
  readonly #shapes: IdShapes;
  readonly #flags: Uint8Array;
  readonly #warmth: Warmth;
  readonly #operation: Uint32Array;
  /** In eighths of a nat. */
  readonly #threshold: Uint8Array;
  /** Used again and again. */
  readonly #own: Known = { parent: 0, highs: 0 };
  #epoch = 0;
  /** What is usual for the caller that is judged at the moment. */
  #usual: RateEstimate;

  constructor(limits: EnumerationLimits) {
    const { maxKeys } = limits;
    this.#limits = limits;
    this.#evidence = new UnexplainedEvidence(maxKeys);
    this.#misses = new Cusum(maxKeys, MISSES);
    this.#unexplainedRate = new RateEstimate(maxKeys);
    this.#unshownRate = new RateEstimate(maxKeys, 'rough');
    this.#usual = this.#unexplainedRate;
    this.#missRate = new RateEstimate(maxKeys);
    this.#distinct = new DistinctIds(maxKeys, limits.epochsPerDay);
    this.#shapes = new IdShapes(maxKeys);
    this.#flags = new Uint8Array(maxKeys);
    this.#warmth = new Warmth(maxKeys, limits);
    this.#operation = new Uint32Array(maxKeys);
    this.#threshold = new Uint8Array(maxKeys);
    this.#slab = new KeySlab(maxKeys, {
      evidence: (slot) => this.#evidence.sum(slot) + this.#misses.sum(slot),
      reset: (slot) => this.#reset(slot),
    });
  }

  get size(): number {
    return this.#slab.size;
  }

  get evictions(): number {
    return this.#slab.evictions;
  }

  get bytes(): number {
    const rates = 2 * RateEstimate.BYTES_PER_KEY.exact + RateEstimate.BYTES_PER_KEY.rough;
    const evidence = UnexplainedEvidence.BYTES_PER_KEY + Cusum.BYTES_PER_KEY;
    const columns = evidence + rates + DistinctIds.BYTES_PER_KEY;
    const own = IdShapes.BYTES_PER_KEY + Warmth.BYTES_PER_KEY + 1 + 4 + 1;
    return this.#slab.bytes + this.#limits.maxKeys * (columns + own);
  }

  /** The slot of a key, good until the next call; `operation` is what its "others" are shared by. */
  key(high: number, low: number, operation: number, now: number): number {
    this.#advance(now);
    return this.keyUnder(high, high, low, operation);
  }

  /** At the time of the last `key`, one that is a workload's as well: however many users call through it, they share its room. */
  keyUnder(owner: number, high: number, low: number, operation: number): number {
    const slot = this.#slab.slot(high, low, owner);
    this.#operation[slot] = operation;
    return slot;
  }

  /**
   * What lasts of each key that is warm: what is usual for it, and not which ids it asked for. Principals' keys are left
   * out: hashes of their names would tell who they are, and what is usual for them is told by their workload's.
   */
  *save(now: number): Generator<readonly number[]> {
    this.#advance(now);
    for (let slot = 0; slot < this.#slab.size; slot++) {
      const flags = this.#flags[slot] ?? 0;
      if ((flags & PERSONAL) !== 0 || !this.#warmth.isAlertable(slot)) continue;
      yield [
        ...this.#slab.keyOf(slot),
        this.#operation[slot] ?? 0,
        flags,
        ...this.#warmth.save(slot, this.#epoch),
        ...this.#unexplainedRate.save(slot),
        ...this.#unshownRate.save(slot),
        ...this.#missRate.save(slot),
        ...this.#evidence.save(slot),
        this.#misses.save(slot),
        ...this.#distinct.save(slot),
        ...this.#evidence.saveFollowing(slot),
      ];
    }
  }

  /** Takes up what was saved of one key, unless it is known by now or there is no room: whether it did. */
  restore(saved: readonly number[], now: number): boolean {
    if (!isSavedLength(saved.length) || this.#slab.size === this.#limits.maxKeys) return false;
    let at = 0;
    const next = () => saved[at++] ?? 0;
    const take = (count: number) => Array.from({ length: count }, next);
    const [high, low] = [next(), next()];
    if (this.#slab.find(high, low) !== null) return false;
    const slot = this.key(high, low, next(), now);
    this.#flags[slot] = next() & USUAL_SHAPE;
    this.#warmth.restore(slot, this.#epoch, take(Warmth.SAVED));
    this.#unexplainedRate.restore(slot, take(RateEstimate.SAVED));
    this.#unshownRate.restore(slot, take(RateEstimate.SAVED));
    this.#missRate.restore(slot, take(RateEstimate.SAVED));
    const highs = take(UnexplainedEvidence.SAVED);
    this.#misses.restore(slot, next());
    this.#distinct.restore(slot, take(DistinctIds.SAVED));
    this.#evidence.restore(slot, highs, at < saved.length ? saved.slice(at) : null);
    this.#refreshThreshold(slot);
    return true;
  }

  /** One id is asked for. */
  step(slot: number, touch: Touch, known: Known = this.#itself(slot)): Tier {
    if (known !== this.#own) this.#flags[slot] = (this.#flags[slot] ?? 0) | PERSONAL;
    this.#usual = touch.isUnseen ? this.#unshownRate : this.#unexplainedRate;
    if (touch.inForce) return this.#underContract(slot, touch);
    this.#observe(slot, touch, known);
    const tier = this.#judge(slot, known, touch);
    // A full table forgets keys that come and go; what they do together is held against the operation's others.
    if (this.#slab.size < this.#limits.maxKeys || this.#warmth.isAlertable(slot)) return spared(tier, touch);
    const others = this.#slab.slot(OTHERS, this.#operation[slot] ?? 0);
    if (others === slot) return spared(tier, touch);
    const itself = this.#itself(others);
    this.#observe(others, touch, itself);
    const shared = this.#judge(others, itself, touch);
    if (tier !== 'quiet' || shared === 'quiet') return spared(tier, touch);
    return shared === 'audit' ? 'audit' : 'alert';
  }

  /** How a request for an id that was a first touch was answered. */
  answered(high: number, low: number, isMiss: boolean): void {
    const slot = this.#slab.find(high, low);
    if (slot === null) return;
    const level = this.#missRate.level(slot);
    if (level !== NOT_INFORMATIVE)
      this.#misses.noteHigh(slot, this.#misses.step(slot, level, isMiss), this.#day());
    this.#missRate.observe(slot, this.#day(), isMiss);
  }

  evidence(slot: number, known: Known = this.#itself(slot)): Evidence {
    const level = this.#levelOf(slot, known);
    return {
      signals: signalNames(this.#signals(slot, known)),
      unexplained: this.#unexplainedAsShaped(slot, known),
      misses: this.#missed(slot, known),
      usualUnexplained: level === NOT_INFORMATIVE ? null : rateOf(level),
      distinct: Math.round(this.#distinct.count(slot)),
      distinctThreshold: Math.round(this.#distinct.threshold(slot)),
      shape: this.#shapes.shape(slot),
      requests: this.#warmth.requests(slot),
    };
  }

  #advance(now: number): void {
    this.#epoch = Math.floor(now / this.#limits.epochMs);
  }

  #observe(slot: number, touch: Touch, known: Known): void {
    if (!touch.firstTouch) return;
    this.#distinct.add(slot, touch.h1, this.#epoch);
    // INVARIANT: a key is only warm by what also taught it what is usual.
    if (touch.isYoung) return;
    if (this.#warmth.count(slot, this.#epoch, touch.image)) this.#renew(slot);
    const isUnexplained = !touch.explained;
    const level = touch.isPartial ? null : this.#levelOf(slot, known);
    this.#evidence.see(slot, known.highs, this.#day(), isUnexplained, level);
    this.#unexplainedRate.observe(slot, this.#day(), isUnexplained);
    this.#unshownRate.observe(slot, this.#day(), isUnexplained || touch.served);
    if (isUnexplained && !touch.isPartial) this.#seeShape(slot, touch);
    if (this.#warmth.requests(slot) % THRESHOLD_REFRESH === 0) this.#refreshThreshold(slot);
  }

  /** Ids of what a key usually does belong to its shape as long as it learns, or where all are unexplained. */
  #seeShape(slot: number, { form, value }: Touch): void {
    this.#shapes.see(slot, form, value);
    const isLearning = this.#warmth.days(slot, this.#epoch) < Math.min(1, this.#limits.blockAfterDays);
    const isUsual = isLearning || this.#usual.level(slot) === NOT_INFORMATIVE;
    if (isUsual && this.#looksEnumerated(slot)) this.#flags[slot] = (this.#flags[slot] ?? 0) | USUAL_SHAPE;
  }

  #judge(slot: number, known: Known, { contract }: Touch): Tier {
    const evidence = Math.max(this.#unexplained(slot, known), this.#missed(slot, known));
    const excess = this.#excess(slot);
    if (evidence < SHAPED_AT && excess < 1) return 'quiet';
    const signals = this.#signals(slot, known);
    if ((signals & ~SIGNAL.shape) === 0) return evidence < AUDIT_AT && excess < 1 ? 'quiet' : 'audit';
    // Who has a contract is known well enough: outside of it, it is not expected at all.
    if (contract === null && !this.#warmth.isAlertable(known.parent)) return 'audit';
    if (evidence < ACT_AT && excess < ACT_EXCESS) return 'alert';
    return signalCount(signals) >= 2 && this.#warmth.mayBlock(known.parent, this.#epoch)
      ? 'block'
      : 'throttle';
  }

  #signals(slot: number, known: Known): number {
    let signals = 0;
    if (this.#isShaped(slot)) signals |= SIGNAL.shape;
    if (this.#unexplainedAsShaped(slot, known) >= 1) signals |= SIGNAL.provenance;
    if (this.#missed(slot, known) >= 1) signals |= SIGNAL.misses;
    if (this.#excess(slot) >= 1) signals |= SIGNAL.baseline;
    return signals;
  }

  /** Distinct ids as a multiple of what would be worth an alert. */
  #excess(slot: number): number {
    const count = this.#distinct.count(slot);
    if (count <= LEAST_THRESHOLD || this.#distinct.days(slot) === 0) return 0;
    const isInformative = this.#usual.level(slot) !== NOT_INFORMATIVE;
    return count / (this.#distinct.threshold(slot) * (isInformative ? EXPLAINED_EXCESS : 1));
  }

  #isShaped(slot: number): boolean {
    return ((this.#flags[slot] ?? 0) & USUAL_SHAPE) === 0 && this.#looksEnumerated(slot);
  }

  /** Less evidence is worth an alert where the ids' shape says the same; what is done about it takes as much as ever. */
  #unexplainedAsShaped(slot: number, known: Known): number {
    return this.#unexplained(slot, known) / (this.#isShaped(slot) ? SHAPED_AT : 1);
  }

  #looksEnumerated(slot: number): boolean {
    const shape = this.#shapes.shape(slot);
    return shape === 'sequential' || shape === 'dense' || shape === 'timed';
  }

  /** Evidence from unexplained ids, as a multiple of what is worth an alert. */
  #unexplained(slot: number, known: Known): number {
    const level = this.#levelOf(slot, known);
    return this.#evidence.multiple(slot, known.highs, level, this.#leastOf(known.parent));
  }

  #missed(slot: number, { parent }: Known): number {
    if (this.#missRate.level(parent) === NOT_INFORMATIVE) return 0;
    return this.#misses.sum(slot) / this.#misses.threshold(parent, this.#leastOf(parent));
  }

  #levelOf(slot: number, { parent }: Known): number {
    const own = this.#warmth.isAlertable(slot) ? this.#usual.level(slot) : 0;
    return Math.max(own, this.#usual.level(parent));
  }

  #itself(slot: number): Known {
    this.#own.parent = slot;
    this.#own.highs = slot;
    return this.#own;
  }

  #underContract(slot: number, { contract, firstTouch, image }: Touch): Tier {
    this.#warmth.count(slot, this.#epoch, image);
    return firstTouch && contract?.take() === false ? 'alert' : 'quiet';
  }

  #refreshThreshold(slot: number): void {
    const days = this.#warmth.days(slot, this.#epoch);
    if (days < 1) return;
    const perWeek = (7 * this.#warmth.requests(slot)) / days;
    this.#threshold[slot] = Math.round(PER_NAT * alertThreshold(perWeek, this.#limits.alertsPerWeek));
  }

  /** What the alert budget asks for. */
  #leastOf(slot: number): number {
    return (this.#threshold[slot] ?? 0) / PER_NAT;
  }

  #renew(slot: number): void {
    this.#unexplainedRate.renew(slot, this.#day());
    this.#unshownRate.renew(slot, this.#day());
    this.#missRate.renew(slot, this.#day());
    this.#evidence.renew(slot, this.#day());
  }

  #reset(slot: number): void {
    this.#evidence.reset(slot, this.#day());
    this.#misses.reset(slot, this.#day());
    this.#unexplainedRate.reset(slot, this.#day());
    this.#unshownRate.reset(slot, this.#day());
    this.#missRate.reset(slot, this.#day());
    this.#distinct.reset(slot, this.#epoch);
    this.#shapes.reset(slot);
    this.#flags[slot] = 0;
    this.#warmth.reset(slot, this.#epoch);
    this.#threshold[slot] = PER_NAT * DEFAULT_ALERT;
  }

  #day(): number {
    return Math.floor(this.#epoch / this.#limits.epochsPerDay);
  }
}

/** An id that the caller was shown is never refused: only what nobody gave it may be. */
function spared(tier: Tier, { explained }: Touch): Tier {
  return explained && (tier === 'throttle' || tier === 'block') ? 'alert' : tier;
}
