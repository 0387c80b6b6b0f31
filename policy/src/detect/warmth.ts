export interface WarmthLimits {
  readonly epochsPerDay: number;
  /** Requests before a key may be more than an audit event. */
  readonly alertAfter: number;
  /** Days (one weekly cycle) before a key may be blocked. */
  readonly blockAfterDays: number;
  /** After a new image a key is not blocked for so many epochs or requests, whatever comes first. */
  readonly holdEpochs: number;
  readonly holdRequests: number;
}

/** How well a key is known, one per slot: requests, days, and how long its image runs. */
export class Warmth {
  static readonly BYTES_PER_KEY = 4 * 5 + 2;
  /** Numbers that `save` gives. */
  static readonly SAVED = 3;
  readonly #limits: WarmthLimits;
  readonly #requests: Uint32Array;
  readonly #since: Uint32Array;
  readonly #image: Uint32Array;
  readonly #imageBefore: Uint32Array;
  readonly #heldSince: Uint32Array;
  readonly #heldRequests: Uint16Array;

  constructor(capacity: number, limits: WarmthLimits) {
    this.#limits = limits;
    this.#requests = new Uint32Array(capacity);
    this.#since = new Uint32Array(capacity);
    this.#image = new Uint32Array(capacity);
    this.#imageBefore = new Uint32Array(capacity);
    this.#heldSince = new Uint32Array(capacity);
    this.#heldRequests = new Uint16Array(capacity);
  }

  reset(slot: number, epoch: number): void {
    this.#requests[slot] = 0;
    this.#since[slot] = epoch;
    this.#image[slot] = 0;
    this.#imageBefore[slot] = 0;
    this.#heldRequests[slot] = 0;
  }

  /** Counts a request; whether it came from an image that is new to the key. */
  count(slot: number, epoch: number, image: number): boolean {
    const isFirst = this.#requests[slot] === 0;
    this.#requests[slot] = this.requests(slot) + 1;
    const held = this.#heldRequests[slot] ?? 0;
    if (held > 0) this.#heldRequests[slot] = held - 1;
    // While a rollout runs, requests of the old and of the new image alternate.
    if (image >>> 0 === this.#image[slot] || image >>> 0 === this.#imageBefore[slot]) return false;
    this.#imageBefore[slot] = this.#image[slot] ?? 0;
    this.#image[slot] = image;
    if (isFirst) {
      this.#imageBefore[slot] = image;
      return false;
    }
    this.#heldSince[slot] = epoch;
    this.#heldRequests[slot] = this.#limits.holdRequests;
    return true;
  }

  /** Requests, epochs that it has been known for, and its image. */
  save(slot: number, epoch: number): number[] {
    return [this.requests(slot), Math.max(0, epoch - (this.#since[slot] ?? 0)), this.#image[slot] ?? 0];
  }

  /** Of a slot that was reset. */
  restore(slot: number, epoch: number, [requests = 0, age = 0, image = 0]: readonly number[]): void {
    this.#requests[slot] = requests;
    this.#since[slot] = Math.max(0, epoch - age);
    this.#image[slot] = image;
    this.#imageBefore[slot] = image;
  }

  requests(slot: number): number {
    return this.#requests[slot] ?? 0;
  }

  days(slot: number, epoch: number): number {
    return (epoch - (this.#since[slot] ?? 0)) / this.#limits.epochsPerDay;
  }

  isAlertable(slot: number): boolean {
    return this.requests(slot) >= this.#limits.alertAfter;
  }

  mayBlock(slot: number, epoch: number): boolean {
    if (!this.isAlertable(slot) || this.days(slot, epoch) < this.#limits.blockAfterDays) return false;
    const isHeld =
      (this.#heldRequests[slot] ?? 0) > 0 && epoch - (this.#heldSince[slot] ?? 0) < this.#limits.holdEpochs;
    return !isHeld;
  }
}
