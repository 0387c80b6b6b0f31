/** Requests that a workload is serving at a time, for which ids are held; more are not listened to. */
const MAX_OPEN = 1_024;

export interface OpenRequestLimits {
  /** One request explains no more ids than this: a body with 100,000 of them is somebody's attempt to hide. */
  readonly maxIds: number;
  /** An id explains nothing any more after this, however long the request goes on. */
  readonly maxAgeMs: number;
}

export const OPEN_REQUEST_LIMITS: OpenRequestLimits = { maxIds: 64, maxAgeMs: 30_000 };

/** A request that a workload is serving. */
export interface OpenRequest {
  readonly openedAt: number;
  readonly ids: number[];
}

/**
 * The ids in the requests that a workload is serving right now. They explain what it asks others for in the
 * meantime and nothing later, so that who can send requests to a workload can't prepare it for enumerating.
 */
export class OpenRequests {
  readonly #limits: OpenRequestLimits;
  /** In the order of opening, which is the order of expiry. */
  readonly #open = new Set<OpenRequest>();
  /** How many open requests carry an id. */
  readonly #ids = new Map<number, number>();
  #refused = 0;

  constructor(limits: OpenRequestLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Ids that were not taken because of a limit. */
  get refused(): number {
    return this.#refused;
  }

  open(now: number): OpenRequest {
    const request = { openedAt: now, ids: [] };
    if (this.#open.size < MAX_OPEN) this.#open.add(request);
    return request;
  }

  add(request: OpenRequest, h1: number, h2: number): boolean {
    if (request.ids.length >= this.#limits.maxIds || !this.#open.has(request)) {
      this.#refused++;
      return false;
    }
    const id = keyOf(h1, h2);
    request.ids.push(id);
    this.#ids.set(id, (this.#ids.get(id) ?? 0) + 1);
    return true;
  }

  close(request: OpenRequest): void {
    if (!this.#open.delete(request)) return;
    for (const id of request.ids) {
      const holders = this.#ids.get(id) ?? 0;
      if (holders > 1) this.#ids.set(id, holders - 1);
      else this.#ids.delete(id);
    }
  }

  has(h1: number, h2: number): boolean {
    return this.#ids.size > 0 && this.#ids.has(keyOf(h1, h2));
  }

  /** Lets go of what was opened too long ago; before each look. */
  expire(now: number): void {
    for (const request of this.#open) {
      if (now - request.openedAt < this.#limits.maxAgeMs) return;
      this.close(request);
    }
  }
}

/** 53 of the 64 bits: as many as a number holds exactly. */
function keyOf(h1: number, h2: number): number {
  return (h1 >>> 0) * 0x200000 + (h2 >>> 11);
}
