import type { IdDelta } from './id-delta.ts';
import {
  OPEN_REQUEST_LIMITS,
  type OpenRequest,
  type OpenRequestLimits,
  OpenRequests,
} from './open-requests.ts';
import { RotatingBloom, type Rotation, SHOWN_ROTATION } from './rotating-bloom.ts';

/** Where a workload was shown an id. `own-write` is what it created itself, `peer` its replicas on other nodes. */
export type Source = 'response' | 'own-write' | 'peer';

export interface ProvenanceLimits {
  readonly shown: Rotation;
  readonly asked: Rotation;
  readonly openRequests: OpenRequestLimits;
  /** Ids that one message may teach. */
  readonly maxIdsPerMessage: number;
}

export const PROVENANCE_LIMITS: ProvenanceLimits = {
  shown: SHOWN_ROTATION,
  // Only has to outlive retries; with 2,000 ids 0.2 % of first touches pass for retries.
  asked: { bytes: 4 * 1024, periodMs: 5 * 60_000, maxIds: 2_000 },
  openRequests: OPEN_REQUEST_LIMITS,
  maxIdsPerMessage: 1_000,
};

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
  #refused = 0;

  /** `delta` collects what other nodes are to be told, where they are. */
  constructor(limits: ProvenanceLimits, now: number, delta: IdDelta | null = null) {
    this.#limits = limits;
    this.#shown = new RotatingBloom(limits.shown, now);
    this.#asked = new RotatingBloom(limits.asked, now);
    this.#inbound = new OpenRequests(limits.openRequests);
    this.#delta = delta;
    this.#startedAt = now;
  }

  /** Ids taken per source: one that stands out shows who tries to fill the filter. */
  get inserts(): Readonly<Record<Source | 'inbound', number>> {
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
    if (this.#shown.add(h1, h2, now) && message.source !== 'peer') this.#delta?.add(h1, h2);
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
    return this.#shown.has(h1, h2) || this.#inbound.has(h1, h2);
  }

  /** Whether the workload asks for this the first time: retries and repetitions prove nothing, either way. */
  isFirstTouch(h1: number, h2: number, now: number): boolean {
    return this.#asked.add(h1, h2, now);
  }
}
