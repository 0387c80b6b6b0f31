/** Workloads that are told apart as users of one credential. */
const MAX_USERS = 16;

/** Who uses which credential. The one that was seen longest ago makes room. */
export class CredentialUsers {
  readonly #maxCredentials: number;
  /** By fingerprint, in the order in which they were last seen; values are workloads. */
  readonly #users = new Map<string, Set<string>>();

  constructor(maxCredentials: number) {
    this.#maxCredentials = maxCredentials;
  }

  of(fingerprint: string): ReadonlySet<string> | null {
    return this.#users.get(fingerprint) ?? null;
  }

  /** All users of this credential, with the new one. */
  add(fingerprint: string, user: string): ReadonlySet<string> {
    const users = this.#users.get(fingerprint) ?? new Set();
    this.#users.delete(fingerprint);
    this.#users.set(fingerprint, users);
    if (users.size < MAX_USERS) users.add(user);
    if (this.#users.size > this.#maxCredentials) this.#forgetOldest();
    return users;
  }

  #forgetOldest(): void {
    const [oldest] = this.#users.keys();
    if (oldest !== undefined) this.#users.delete(oldest);
  }
}
