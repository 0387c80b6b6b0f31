import {
  type Contract,
  type EnumerationEvidence,
  type GuardSettings,
  type IdForm,
  isAtLeast,
  type Tier,
  type Touch,
  type Workload,
} from '@eastwall/policy';
import type { EnumerationGuard } from './enumeration.ts';
import type { KnownCaller } from './provenance.ts';

/** One id in a request, as it is read. */
export interface AskedId {
  readonly h1: number;
  readonly h2: number;
  /** Where in the request; ids at different places are different walks. */
  readonly position: number;
  readonly form: IdForm;
  /** The number it is; of no use for other forms. */
  readonly numeric: number;
}

/** Who asks what. */
export interface Asking {
  readonly caller: Workload;
  /** Whatever stands for the destination; the same object for the same one. */
  readonly place: object;
  /** Of the place's operations. */
  readonly operation: number;
  readonly settings: GuardSettings;
  readonly contract: Contract | null;
}

/** Places of ids in one request that are told how it was answered; the rest is not missed. */
const MAX_ANSWERED = 8;

/** The ids of one request after the other; goes with a watch and is used again like it. */
export class AskedIds {
  tier: Tier = 'quiet';
  evidence: EnumerationEvidence | null = null;
  readonly #guard: EnumerationGuard;
  readonly #high = new Uint32Array(MAX_ANSWERED);
  readonly #low = new Uint32Array(MAX_ANSWERED);
  #touched = 0;
  #asking: Asking | null = null;
  #caller: KnownCaller | null = null;
  /** Of what the ids are asked of: destination and operation. */
  #target = 0;
  #now = 0;
  readonly #touch: Touch = {
    h1: 0,
    h2: 0,
    explained: true,
    firstTouch: true,
    form: 'other',
    value: 0,
    image: 0,
    isYoung: false,
    contract: null,
  };

  constructor(guard: EnumerationGuard) {
    this.#guard = guard;
  }

  begin(asking: Asking): void {
    const guard = this.#guard;
    this.#now = guard.now();
    const { caller, image } = guard.provenance.of(asking.caller, this.#now);
    caller.filter.advance(this.#now);
    this.#asking = asking;
    this.#caller = caller;
    this.#target = mix(guard.placeHash(asking.place) ^ Math.imul(asking.operation, 0x9e3779b1));
    this.#touched = 0;
    this.tier = 'quiet';
    this.evidence = null;
    this.#touch.image = image;
    this.#touch.isYoung = caller.filter.isYoung(this.#now);
    this.#touch.contract = asking.contract;
  }

  add({ h1, h2, position, form, numeric }: AskedId): void {
    const [asking, caller] = [this.#asking, this.#caller];
    if (asking === null || caller === null) return;
    const touch = this.#touch;
    touch.h1 = h1;
    touch.h2 = h2;
    touch.explained = caller.filter.explains(h1, h2);
    touch.firstTouch = caller.filter.isFirstTouch(h1, h2, this.#now);
    touch.form = form;
    touch.value = numeric;
    const low = mix(this.#target ^ Math.imul(position + 1, 0x85ebca6b));
    const engine = this.#guard.engine(asking.settings);
    const slot = engine.key(caller.hash, low, this.#target, this.#now);
    const tier = engine.step(slot, touch);
    if (touch.firstTouch) this.#remember(caller.hash, low);
    if (tier === 'quiet' || (this.tier !== 'quiet' && isAtLeast(this.tier, tier))) return;
    this.tier = tier;
    this.evidence = engine.evidence(slot);
  }

  /** How the request was answered, for the ids in it that were asked for the first time. */
  answered(status: number): void {
    if (this.#asking === null || this.#touched === 0) return;
    const engine = this.#guard.engine(this.#asking.settings);
    for (let at = 0; at < this.#touched; at++)
      engine.answered(this.#high[at] ?? 0, this.#low[at] ?? 0, isMiss(status));
    this.#touched = 0;
  }

  #remember(high: number, low: number): void {
    if (this.#touched === MAX_ANSWERED) return;
    this.#high[this.#touched] = high;
    this.#low[this.#touched] = low;
    this.#touched++;
  }
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
