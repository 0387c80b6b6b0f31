import { createHmac } from 'node:crypto';

/** Parts that the buckets are spread over; in a cluster, each is on one node. */
const PARTS = 16;

/** A bucket's key in Redis, and which part it belongs to. */
export interface KeyName {
  readonly key: string;
  readonly part: number;
}

/**
 * Names buckets in Redis. Nothing that names a caller or a principal leaves the agent: keys are hashes with a secret,
 * which all agents of a cluster share. `{part}` is a hash tag (Redis Cluster specification): the keys of a part are in
 * one slot, so that one script may touch them.
 */
export class KeyNames {
  readonly #prefix: string;
  readonly #secret: string;
  readonly #max: number;
  #known = new Map<string, KeyName>();
  /** Those of before: whoever is still in use moves over, the rest goes. */
  #older = new Map<string, KeyName>();

  constructor(options: { readonly prefix: string; readonly secret: string; readonly maxKeys: number }) {
    this.#prefix = options.prefix;
    this.#secret = options.secret;
    this.#max = options.maxKeys;
  }

  nameOf(bucket: string): KeyName {
    const known = this.#known.get(bucket);
    if (known !== undefined) return known;
    const name = this.#older.get(bucket) ?? this.#make(bucket);
    if (this.#known.size >= this.#max) {
      this.#older = this.#known;
      this.#known = new Map();
    }
    this.#known.set(bucket, name);
    return name;
  }

  #make(bucket: string): KeyName {
    const hash = createHmac('sha256', this.#secret).update(bucket).digest();
    const part = (hash[31] ?? 0) % PARTS;
    return { key: `${this.#prefix}:{${part}}:limit:${hash.subarray(0, 16).toString('base64url')}`, part };
  }
}
