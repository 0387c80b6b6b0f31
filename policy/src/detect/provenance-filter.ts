import type { IdDelta } from './id-delta.ts';
import {
  OPEN_REQUEST_LIMITS,
  type OpenRequest,
  type OpenRequestLimits,
  OpenRequests,
} from './open-requests.ts';
import { RotatingBloom, type Rotation, SHOWN_ROTATION } from './rotating-bloom.ts';

/** Where a workload was shown an id. `own-write` is what it created itself. */
export type Source = 'response' | 'own-write';

export interface ProvenanceLimits {
  readonly shown: Rotation;
  readonly asked: Rotation;
  readonly openRequests: OpenRequestLimits;
  /** Ids that one message may teach. */
  readonly maxIdsPerMessage: number;
  /** Ids that others may say in a minute that they were shown. */
  readonly maxPeerIdsPerMinute: number;
}

export const PROVENANCE_LIMITS: ProvenanceLimits = {
  shown: SHOWN_ROTATION,
  // Only has to outlive retries; with 2,000 ids 0.2 % of first touches pass for retries.
  asked: { bytes: 4 * 1024, periodMs: 5 * 60_000, maxIds: 2_000 },
  openRequests: OPEN_REQUEST_LIMITS,
  maxIdsPerMessage: 1_000,
  // Whoever speaks for others can't explain away whole ranges, and the filter remembers for four minutes at least.
  maxPeerIdsPerMinute: 5_000,
};

const MINUTE_MS = 60_000;

/** One message while its ids are read. */
export interface ShownMessage {
  source: Source;
  ids: number;
}

/**
 * What one workload on this node was shown, and what it asked for. An id that it asks for is explained if it was
 * shown before: in a response, in a request it is serving, or in the answer to something it wrote itself.
 */
export class ProvenanceFilter {
  readonly #limits: ProvenanceLimits;
  readonly #shown: RotatingBloom;
  readonly #asked: RotatingBloom;
  readonly #inbound: OpenRequests;
  readonly #delta: IdDelta | null;
  readonly #startedAt: number;
  readonly #inserts = { response: 0, 'own-write': 0, peer: 0, inbound: 0 };
  /** Of them, what was told already. */
  readonly #told = { response: 0, 'own-write': 0, peer: 0, inbound: 0, refused: 0 };
  #refused = 0;
  #missedAt = Number.NEGATIVE_INFINITY;
  #unseenAt = Number.NEGATIVE_INFINITY;
  #peerMinute = 0;
  #peerIds = 0;

  /** `delta` collects what others are to be told, where there are others. */
  constructor(limits: ProvenanceLimits, now: number, delta: IdDelta | null = null) {
    this.#limits = limits;
    this.#shown = new RotatingBloom(limits.shown, now);
    this.#asked = new RotatingBloom(limits.asked, now);
    this.#inbound = new OpenRequests(limits.openRequests);
    this.#delta = delta;
    this.#startedAt = now;
  }

  /** Ids taken per source: one that stands out shows who tries to fill the filter. */
  get inserts(): Readonly<Record<Source | 'peer' | 'inbound', number>> {
    return this.#inserts;
  }

  /** Ids that were not taken because one message brought too many. */
  get refused(): number {
    return this.#refused + this.#inbound.refused;
  }

  /** Too new to have seen what the workload still remembers: "unexplained" means little until then. */
  isYoung(now: number): boolean {
    return now - this.#startedAt < this.#limits.shown.periodMs;
  }

  /** It was shown ids that are not known here, and never will be. */
  missed(now: number): void {
    this.#missedAt = now;
  }

  /** What was missed is remembered by the workload: that nothing explains an id does not mean that nobody showed it. */
  isPartial(now: number): boolean {
    return now - this.#missedAt < this.#limits.shown.periodMs;
  }

  /** It is also asked by somebody whose requests are not seen. */
  unseen(now: number): void {
    this.#unseenAt = now;
  }

  /** What it was asked unseen may still be what it asks others for. */
  isUnseen(now: number): boolean {
    return now - this.#unseenAt < this.#limits.shown.periodMs;
  }

  /** Adds up what was taken, and what was not, since the last call. */
  drainCounts(into: Record<Source | 'peer' | 'inbound' | 'refused', number>): void {
    for (const source of ['response', 'own-write', 'peer', 'inbound'] as const) {
      into[source] += this.#inserts[source] - this.#told[source];
      this.#told[source] = this.#inserts[source];
    }
    into.refused += this.refused - this.#told.refused;
    this.#told.refused = this.refused;
  }

  advance(now: number): void {
    this.#shown.advance(now);
    this.#asked.advance(now);
    this.#inbound.expire(now);
  }

  show(message: ShownMessage, { h1, h2 }: { readonly h1: number; readonly h2: number }, now: number): void {
    if (message.ids >= this.#limits.maxIdsPerMessage) {
      this.#refused++;
      return;
    }
    message.ids++;
    this.#inserts[message.source]++;
    // Told again once per period, or others would forget what is still shown here.
    if (this.#shown.renew(h1, h2, now)) this.#delta?.add(h1, h2);
  }

  /**
   * What its replicas elsewhere were shown, as pairs of hashes; it is not told on. Returns how many ids were refused
   * because this minute has brought too many.
   */
  showPeers(hashes: Uint32Array, now: number): number {
    if (now - this.#peerMinute >= MINUTE_MS) {
      this.#peerMinute = now;
      this.#peerIds = 0;
    }
    this.#shown.advance(now);
    const ids = hashes.length / 2;
    const taken = Math.min(ids, this.#limits.maxPeerIdsPerMinute - this.#peerIds);
    for (let at = 0; at < 2 * taken; at += 2) this.#shown.renew(hashes[at] ?? 0, hashes[at + 1] ?? 0, now);
    this.#peerIds += taken;
    this.#inserts.peer += taken;
    if (taken < ids) this.missed(now);
    return ids - taken;
  }

  openInbound(now: number): OpenRequest {
    return this.#inbound.open(now);
  }

  showInbound(request: OpenRequest, h1: number, h2: number): void {
    if (this.#inbound.add(request, h1, h2)) this.#inserts.inbound++;
  }

  closeInbound(request: OpenRequest): void {
    this.#inbound.close(request);
  }

  explains(h1: number, h2: number): boolean {
    return this.wasShown(h1, h2) || this.isAskedFor(h1, h2);
  }

  /** By what it received, or created itself. */
  wasShown(h1: number, h2: number): boolean {
    return this.#shown.has(h1, h2);
  }

  /** By a request that it is serving. */
  isAskedFor(h1: number, h2: number): boolean {
    return this.#inbound.has(h1, h2);
  }

  /** Whether the workload asks for this the first time: retries and repetitions prove nothing, either way. */
  isFirstTouch(h1: number, h2: number, now: number): boolean {
    return this.#asked.add(h1, h2, now);
  }
}
