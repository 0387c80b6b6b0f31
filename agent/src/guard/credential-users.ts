import { KeySlab } from '@eastwall/policy';
import { textHash } from '../kernel/text-hash.ts';

/** Workloads that are told apart as users of one credential. */
const MAX_USERS = 16;

/**
 * Who uses which credential. What was seen longest ago makes room, first that of whoever has brought most: a workload that
 * makes up credentials does not push out those of others.
 */
export class CredentialUsers {
  readonly #slab: KeySlab;
  /** By slot. */
  readonly #users: Set<string>[] = [];

  constructor(maxCredentials: number) {
    this.#slab = new KeySlab(maxCredentials, {
      // One that several use is worth more than one that nobody shares.
      evidence: (slot) => Math.max(0, (this.#users[slot]?.size ?? 0) - 1),
      reset: (slot) => {
        this.#users[slot] = new Set();
      },
    });
  }

  /** How many credentials had to make room. */
  get forgotten(): number {
    return this.#slab.evictions;
  }

  of(fingerprint: string): ReadonlySet<string> | null {
    const slot = this.#slab.find(textHash(fingerprint), secondHash(fingerprint));
    return slot === null ? null : (this.#users[slot] ?? null);
  }

  /** All users of this credential, with the new one. */
  add(fingerprint: string, user: string): ReadonlySet<string> {
    const slot = this.#slab.slot(textHash(fingerprint), secondHash(fingerprint), textHash(user));
    const users = this.#users[slot] ?? new Set();
    if (users.size < MAX_USERS) users.add(user);
    return users;
  }
}

/** Fingerprints are random: their second half knows nothing of the whole. */
const secondHash = (fingerprint: string): number => textHash(fingerprint.slice(fingerprint.length >>> 1));
