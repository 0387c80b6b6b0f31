import type { DetectionId } from './detections.ts';
import { KeySlab } from './key-slab.ts';
import { KnownEdges } from './known-edges.ts';
import { ByteReader, ByteWriter } from './saved-bytes.ts';
import { type Excess, Seasonal } from './seasonal.ts';

const HOUR_MS = 3_600_000;
/** Bits in which the operations of one caller and hour are counted. */
const OPERATION_BITS = 256;
const WORDS = OPERATION_BITS / 32;

export interface AnomalyLimits {
  readonly maxEdges: number;
  readonly maxCallers: number;
  readonly leastMultiple: number;
  readonly leastCalls: number;
  readonly leastBytes: number;
  readonly leastOperations: number;
  /** A caller is known after this; until then everything it does is new. */
  readonly learnMs: number;
}

export const ANOMALY_LIMITS: AnomalyLimits = {
  maxEdges: 4_096,
  maxCallers: 1_024,
  leastMultiple: 5,
  leastCalls: 200,
  leastBytes: 4 * 1024 * 1024,
  leastOperations: 8,
  learnMs: 24 * HOUR_MS,
};

/** Hashes of who called what, how often, and how much came back. */
export interface ObservedCalls {
  caller: number;
  destination: number;
  operation: number;
  calls: number;
  bytes: number;
  /** False alarms of one key that are put up with. */
  alertsPerWeek: number;
}

export type AnomalyKind = Extract<
  DetectionId,
  'call-anomaly' | 'volume-anomaly' | 'operation-anomaly' | 'new-edge'
>;

export interface Anomaly {
  readonly kind: AnomalyKind;
  /** Null for what has no usual amount. */
  readonly excess: Excess | null;
}

/** Notices a caller that does a multiple of what it usually does in this hour of the week, or something new. */
export class Anomalies {
  readonly #limits: AnomalyLimits;
  readonly #edges: KeySlab;
  readonly #calls: Seasonal;
  readonly #bytes: Seasonal;
  readonly #callers: KeySlab;
  readonly #operations: Seasonal;
  /** The operations of the current hour, per caller. */
  readonly #seen: Uint32Array;
  readonly #seenHour: Uint32Array;
  readonly #callerSince: Float64Array;
  readonly #known: KnownEdges;
  #now: number;

  constructor(limits: AnomalyLimits, now: number) {
    const { maxEdges, maxCallers, leastMultiple } = limits;
    this.#limits = limits;
    this.#now = now;
    this.#calls = new Seasonal(maxEdges, { leastMultiple, leastAmount: limits.leastCalls });
    this.#bytes = new Seasonal(maxEdges, { leastMultiple, leastAmount: limits.leastBytes });
    this.#operations = new Seasonal(maxCallers, { leastMultiple, leastAmount: limits.leastOperations });
    this.#seen = new Uint32Array(maxCallers * WORDS);
    this.#seenHour = new Uint32Array(maxCallers);
    this.#callerSince = new Float64Array(maxCallers);
    this.#known = new KnownEdges(maxCallers, now);
    this.#edges = new KeySlab(maxEdges, {
      evidence: () => 0,
      reset: (slot) => {
        this.#calls.reset(slot, this.#now);
        this.#bytes.reset(slot, this.#now);
      },
    });
    this.#callers = new KeySlab(maxCallers, { evidence: () => 0, reset: (slot) => this.#resetCaller(slot) });
  }

  get bytes(): number {
    const perCaller = Seasonal.BYTES_PER_KEY + WORDS * 4 + 4 + 8 + KnownEdges.BYTES_PER_CALLER;
    const columns = this.#limits.maxEdges * 2 * Seasonal.BYTES_PER_KEY + this.#limits.maxCallers * perCaller;
    return this.#edges.bytes + this.#callers.bytes + columns + KnownEdges.BYTES;
  }

  /**
   * Calls have ended. What is out of the ordinary about them; mostly nothing. `now` is never set; hours of the week are those
   * of a clock that is ahead of it by `ahead` hours.
   */
  observe(call: ObservedCalls, now: number, ahead = 0): readonly Anomaly[] {
    this.#now = now;
    this.#setAhead(ahead);
    const edge = this.#edges.slot(call.caller, call.operation);
    this.#calls.add(edge, call.calls, now);
    this.#bytes.add(edge, call.bytes, now);
    const caller = this.#callers.slot(call.caller, 0);
    this.#seeOperation(caller, call.operation);
    const isNew = this.#isNewEdge(caller, call);
    const calls = this.#calls.excess(edge, call.alertsPerWeek);
    const bytes = this.#bytes.excess(edge, call.alertsPerWeek);
    const operations = this.#operations.excess(caller, call.alertsPerWeek);
    if (!isNew && calls === null && bytes === null && operations === null) return NOTHING;
    const found: Anomaly[] = [];
    if (isNew) found.push({ kind: 'new-edge', excess: null });
    if (calls !== null) found.push({ kind: 'call-anomaly', excess: calls });
    if (bytes !== null) found.push({ kind: 'volume-anomaly', excess: bytes });
    if (operations !== null) found.push({ kind: 'operation-anomaly', excess: operations });
    return found;
  }

  /** All that it knows, by the clock that is `ahead`; of the operations of this hour only how many there were. */
  save(ahead = 0): Uint8Array {
    const to = new ByteWriter();
    this.#setAhead(ahead);
    to.u32(this.#edges.size);
    for (let slot = 0; slot < this.#edges.size; slot++) {
      for (const half of this.#edges.keyOf(slot)) to.u32(half);
      this.#calls.save(slot, to);
      this.#bytes.save(slot, to);
    }
    to.u32(this.#callers.size);
    for (let slot = 0; slot < this.#callers.size; slot++) {
      for (const half of this.#callers.keyOf(slot)) to.u32(half);
      to.f64((this.#callerSince[slot] ?? 0) + ahead * HOUR_MS);
      this.#operations.save(slot, to);
    }
    this.#known.save(to, ahead * HOUR_MS);
    return to.written();
  }

  /** Takes up what `save` gave. False, and nothing is taken up, where it can't be that. For one that knows nothing yet. */
  restore(saved: Uint8Array, now: number): boolean {
    const { maxEdges, maxCallers } = this.#limits;
    const from = new ByteReader(saved);
    const edges = from.u32();
    const callers = new ByteReader(saved.subarray(4 + edges * SAVED_EDGE)).u32();
    if (edges > maxEdges || callers > maxCallers || !isSavedLength(saved.length, edges, callers))
      return false;
    this.#now = now;
    for (let i = 0; i < edges; i++) {
      const slot = this.#edges.slot(from.u32(), from.u32());
      this.#calls.restore(slot, from);
      this.#bytes.restore(slot, from);
    }
    from.u32();
    for (let i = 0; i < callers; i++) {
      const slot = this.#callers.slot(from.u32(), from.u32());
      this.#callerSince[slot] = Math.min(now, from.f64());
      this.#operations.restore(slot, from);
    }
    this.#known.restore(from);
    return true;
  }

  #setAhead(hours: number): void {
    this.#calls.ahead = hours;
    this.#bytes.ahead = hours;
    this.#operations.ahead = hours;
  }

  #seeOperation(caller: number, operation: number): void {
    const hour = Math.floor(this.#now / HOUR_MS);
    if (this.#seenHour[caller] !== hour) {
      this.#seenHour[caller] = hour;
      this.#seen.fill(0, caller * WORDS, (caller + 1) * WORDS);
    }
    const at = caller * WORDS + ((operation >>> 5) & (WORDS - 1));
    const flag = 1 << (operation & 31);
    const word = this.#seen[at] ?? 0;
    if ((word & flag) !== 0) return;
    this.#seen[at] = word | flag;
    this.#operations.add(caller, 1, this.#now);
  }

  #isNewEdge(caller: number, call: ObservedCalls): boolean {
    const isNew = this.#known.see(caller, call.caller, call.destination, this.#now);
    return isNew && this.#now - (this.#callerSince[caller] ?? this.#now) >= this.#limits.learnMs;
  }

  #resetCaller(slot: number): void {
    this.#operations.reset(slot, this.#now);
    this.#seenHour[slot] = 0;
    this.#callerSince[slot] = this.#now;
    this.#known.reset(slot);
  }
}

const SAVED_EDGE = 8 + 2 * Seasonal.SAVED;
const SAVED_CALLER = 8 + 8 + Seasonal.SAVED;

function isSavedLength(length: number, edges: number, callers: number): boolean {
  const known = length - (4 + edges * SAVED_EDGE + 4 + callers * SAVED_CALLER);
  return known === KnownEdges.SAVED || known === KnownEdges.SAVED_BEFORE;
}

const NOTHING: readonly Anomaly[] = [];
