import {
  type Contract,
  type Enumeration,
  type EnumerationEvidence,
  type GuardSettings,
  type IdForm,
  isAtLeast,
  type Known,
  newTouch,
  type ShownMessage,
  type Tier,
  type Touch,
  type Workload,
} from '@eastwall/policy';
import type { FoundId } from '../inspect/id-collector.ts';
import { FORM, type Form, isOwnNamespace } from '../inspect/id-form.ts';
import { NO_TIME } from '../inspect/id-time.ts';
import { textHash } from '../kernel/text-hash.ts';
import type { Sequence } from '../record/finding.ts';
import type { EnumerationGuard } from './enumeration.ts';
import type { KnownCaller, KnownPod } from './provenance.ts';

/** One id in a request, as it is read. */
export type AskedId = Pick<FoundId, 'h1' | 'h2' | 'positionKey' | 'form' | 'numeric' | 'madeAt'>;

/** The destination. */
export interface AskedPlace {
  /** Stands for it in every process. */
  readonly key: number;
}

/** Who asks what. */
export interface Asking {
  readonly caller: Workload;
  /** In whose name, where that is known: one user of a busy workload may walk through ids, too. */
  readonly principal: string | null;
  readonly place: AskedPlace;
  /** Stands for the operation in every process; 0 as long as it is not known. */
  readonly operation: number;
  readonly settings: GuardSettings;
  readonly contract: Contract | null;
}

/** Places of ids in one request that are told how it was answered; the rest is not missed. */
const MAX_ANSWERED = 8;
/** So many ids that nothing explains are a batch, and so often it is said again. */
const BATCH_STEP = 100;

/** The ids of one request after the other; goes with a watch and is used again like it. */
export class AskedIds {
  tier: Tier = 'quiet';
  evidence: EnumerationEvidence | null = null;
  /** Of a scheduled job for whose ids there is no explanation and no contract; null for all others. */
  batch: EnumerationEvidence | null = null;
  /** Whoever asks; null before anybody did. */
  caller: KnownCaller | null = null;
  /** When, in monotonic ms. */
  now = 0;
  readonly #guard: EnumerationGuard;
  // No typed arrays: most connections never have an id to put there.
  readonly #keys: number[] = [];
  readonly #hashes: number[] = [];
  /** What a principal is measured by. */
  readonly #known: Known = { parent: 0, highs: 0 };
  #touched = 0;
  #batched = 0;
  #asking: Asking | null = null;
  // What was looked up for the last request and mostly holds for the next one of its connection:
  #pod: KnownPod | null = null;
  #engine: Enumeration | null = null;
  /** Of what the ids are asked of: destination and operation. */
  #target = 0;
  /** A hash of caller and principal; 0 without one. */
  #principal = 0;
  readonly #touch: Touch = newTouch();

  constructor(guard: EnumerationGuard) {
    this.#guard = guard;
  }

  begin(asking: Asking): void {
    this.now = this.#guard.monotonic();
    const { caller, image } = this.#lookUp(asking);
    caller.filter.advance(this.now);
    this.caller = caller;
    this.#principal = asking.principal === null ? 0 : mix(caller.hash ^ textHash(asking.principal));
    this.#target = mix(asking.place.key ^ Math.imul(asking.operation, 0x9e3779b1));
    this.#touched = 0;
    this.tier = 'quiet';
    this.evidence = null;
    this.batch = null;
    this.#touch.image = image;
    this.#touch.isYoung = caller.filter.isYoung(this.now);
    this.#touch.isPartial = caller.filter.isPartial(this.now);
    this.#touch.isUnseen = caller.filter.isUnseen(this.now);
    this.#touch.contract = asking.contract;
    this.#touch.inForce = asking.contract?.isInForce(this.#guard.wallClock()) ?? false;
  }

  #lookUp(asking: Asking): KnownPod {
    const guard = this.#guard;
    const last = this.#asking;
    this.#asking = asking;
    if (last?.settings !== asking.settings) this.#engine = null;
    const known = last?.caller === asking.caller ? this.#pod : null;
    this.#pod = known?.caller.forgotten === false ? known : guard.provenance.of(asking.caller, this.now);
    return this.#pod;
  }

  /** Made when the first id asks for it: it is large. */
  #engineOf({ settings }: Asking): Enumeration {
    this.#engine ??= this.#guard.engine(settings);
    return this.#engine;
  }

  add({ h1, h2, positionKey, form, numeric, madeAt }: AskedId): void {
    const asking = this.#asking;
    const caller = this.caller;
    if (asking === null || caller === null) return;
    const touch = this.#touch;
    touch.h1 = h1;
    touch.h2 = h2;
    const wasShown = caller.filter.wasShown(h1, h2);
    touch.served = !wasShown && caller.filter.isAskedFor(h1, h2);
    touch.explained = wasShown || touch.served;
    const isNumber = numeric >= 0;
    touch.form = isNumber ? 'number' : madeAt === NO_TIME ? shownForm(form) : 'timed';
    touch.value = isNumber ? numeric : madeAt;
    const low = mix(this.#target ^ Math.imul(positionKey, 0x85ebca6b));
    // Of this operation: what comes after `GET /orders/17` is often `POST /refunds` of order 17.
    touch.firstTouch = caller.filter.isFirstTouch(h1 ^ low, h2 ^ this.#target, this.now);
    if (touch.firstTouch) {
      this.#guard.walks.touch(this.#walk, touch.explained, this.now);
      if (!wasShown) this.#noteUnshown(asking, caller);
    }
    const engine = this.#engineOf(asking);
    const slot = engine.key(caller.hash, low, this.#target, this.#guard.steady(this.now));
    this.#take(engine.step(slot, touch), engine, slot);
    if (!touch.explained && asking.contract === null && asking.caller.kind === 'CronJob')
      this.#noteBatch(engine, slot);
    if (touch.firstTouch) this.#remember(low, h1, h2);
    if (this.#principal === 0) return;
    const own = engine.keyUnder(caller.hash, this.#principal, low, ~this.#target);
    this.#known.parent = engine.keyUnder(caller.hash, caller.hash, low, this.#target);
    this.#known.highs = engine.keyUnder(caller.hash, ~caller.hash, low, this.#target);
    this.#take(engine.step(own, touch, this.#known), engine, own, this.#known);
  }

  /** Whether the caller was shown more than is known here. */
  get isPartial(): boolean {
    return this.#touch.isPartial;
  }

  /** Whether the caller is asked more than is seen. */
  get isUnseen(): boolean {
    return this.#touch.isUnseen;
  }

  /** What the evidence looks like over time; null without any. */
  get sequence(): Sequence | null {
    const { evidence } = this;
    if (evidence === null) return null;
    const lines = { usual: evidence.usualUnexplained, most: evidence.distinctThreshold };
    return this.#guard.walks.sequence(this.#walk, this.now, lines);
  }

  /** Of caller and operation, whichever place of it the ids are at. */
  get #walk(): number {
    return (this.caller?.hash ?? 0) * 0x200000 + (this.#target & 0x1fffff);
  }

  /**
   * Only where enough is known for that to mean something: by the operation's path it is known which name an id goes
   * by, and so which one that was shown is the same.
   */
  #noteUnshown({ operation }: Asking, caller: KnownCaller): void {
    const { explained, isYoung, isPartial } = this.#touch;
    if (explained || !(isYoung || isPartial || operation === 0)) this.#guard.unshown(caller, this.now);
  }

  /** Looked at every now and then only: it is no matter of one request. */
  #noteBatch(engine: Enumeration, slot: number): void {
    if (++this.#batched % BATCH_STEP !== 0) return;
    const evidence = engine.evidence(slot);
    if (evidence.usualUnexplained === null && evidence.distinct >= BATCH_STEP) this.batch = evidence;
  }

  #take(tier: Tier, engine: Enumeration, slot: number, known?: Known): void {
    if (tier === 'quiet' || (this.tier !== 'quiet' && isAtLeast(this.tier, tier))) return;
    this.tier = tier;
    this.evidence = engine.evidence(slot, known);
  }

  /** How the request was answered, for the ids in it that were asked for the first time. */
  answered(status: number): void {
    const asking = this.#asking;
    const caller = this.caller;
    if (asking === null || caller === null || this.#touched === 0) return;
    const engine = this.#engineOf(asking);
    const created: ShownMessage = { source: 'own-write', ids: 0 };
    for (let at = 0; at < this.#touched; at++) {
      engine.answered(caller.hash, this.#keys[at] ?? 0, isMiss(status));
      // It is there because this workload has put it there.
      const id = { h1: this.#hashes[2 * at] ?? 0, h2: this.#hashes[2 * at + 1] ?? 0 };
      if (status === CREATED) caller.filter.show(created, id, this.now);
    }
    this.#touched = 0;
  }

  #remember(key: number, h1: number, h2: number): void {
    if (this.#touched === MAX_ANSWERED) return;
    this.#keys[this.#touched] = key;
    this.#hashes[2 * this.#touched] = h1;
    this.#hashes[2 * this.#touched + 1] = h2;
    this.#touched++;
  }
}

const CREATED = 201;

function shownForm(form: Form): IdForm {
  return isOwnNamespace(form) && form !== FORM.int ? 'random' : 'other';
}

/** Not there, or not for this caller. */
function isMiss(status: number): boolean {
  return status === 401 || status === 403 || status === 404 || status === 410;
}

function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
