import type { Fingerprint } from '../kernel/fingerprint.ts';
import { jwtClaims } from './service-account-token.ts';

/** In whose name a verified token speaks, and until when, in seconds since the epoch. */
export interface VerifiedToken {
  /** `iss` and `sub` together: a subject means nothing without who names it. */
  readonly principal: string;
  readonly expires: number;
}

export interface PrincipalsOptions {
  readonly fingerprint: Fingerprint;
  /** Answers later, once: null for a token that is not what it says. */
  verify(token: string, done: (verified: VerifiedToken | null) => void): void;
  /** Wall clock, in ms since the epoch: tokens say by it how long they are good. */
  wallClock(): number;
  /** Monotonic ms: no token is asked about later because the clock is set back. */
  monotonic(): number;
  /** Tokens that are remembered, good ones and bad; the oldest makes room. */
  readonly maxTokens: number;
  /** Tokens that are being verified at a time; more speak for nobody until they are asked about again. */
  readonly maxPending: number;
}

/** A token that was no good may be good once its issuer's keys have come round. */
const BAD_MS = 60_000;
/** However long a token says it is good: it may be withdrawn, and the cache is the only one who would not notice. */
const MOST_SECONDS = 3_600;

/**
 * Who the end users are in whose name callers call. Verifying a signature takes as long as relaying ten requests, so it
 * is done beside the request path and remembered: the first request of a token speaks for nobody, and those that come
 * after it is verified speak for its principal.
 */
export class Principals {
  #issuers: ReadonlySet<string> = new Set();
  readonly #options: PrincipalsOptions;
  /** By fingerprint, oldest first; those that are no good with when to ask again, in monotonic ms. */
  readonly #good = new Map<string, VerifiedToken>();
  readonly #bad = new Map<string, number>();
  readonly #pending = new Set<string>();
  /** What was verified by the issuers of now. */
  #current = new WeakSet<VerifiedToken>();

  constructor(options: PrincipalsOptions) {
    this.#options = options;
  }

  /** Whether there is anybody whose tokens are verified. */
  get enabled(): boolean {
    return this.#issuers.size > 0;
  }

  /** Issuers or their keys have changed: what was verified by others no longer counts. */
  replaceIssuers(issuers: Iterable<string>): void {
    this.#issuers = new Set(issuers);
    this.#good.clear();
    this.#bad.clear();
    this.#current = new WeakSet();
  }

  /** Whether a token that `of` has answered with still speaks for its principal. */
  holds(token: VerifiedToken | null): token is VerifiedToken {
    return token !== null && token.expires > this.#now && this.#current.has(token);
  }

  /** `authorization` is the field's value. Null: not verified, not yet, or not to be. */
  of(authorization: string): VerifiedToken | null {
    const token = bearerToken(authorization);
    if (token === '' || !this.enabled) return null;
    const key = this.#options.fingerprint(token);
    const good = this.#good.get(key);
    if (good !== undefined && good.expires > this.#now) return good;
    if ((this.#bad.get(key) ?? 0) <= this.#options.monotonic()) this.#ask(token, key);
    return null;
  }

  get #now(): number {
    return this.#options.wallClock() / 1_000;
  }

  #ask(token: string, key: string): void {
    const { maxPending, verify } = this.#options;
    if (this.#pending.has(key) || this.#pending.size >= maxPending) return;
    const issuer = jwtClaims(token)?.['iss'];
    if (typeof issuer !== 'string' || !this.#issuers.has(issuer)) {
      this.#remember(key, null);
      return;
    }
    const asked = this.#issuers;
    this.#pending.add(key);
    verify(token, (verified) => {
      this.#pending.delete(key);
      if (asked === this.#issuers) this.#remember(key, verified);
    });
  }

  #remember(key: string, verified: VerifiedToken | null): void {
    const { maxTokens } = this.#options;
    if (verified === null) {
      keep(this.#bad, key, this.#options.monotonic() + BAD_MS, maxTokens);
      return;
    }
    const { principal, expires } = verified;
    const token = { principal, expires: Math.min(expires, this.#now + MOST_SECONDS) };
    keep(this.#good, key, token, maxTokens);
    this.#current.add(token);
  }
}

function keep<Value>(known: Map<string, Value>, key: string, value: Value, most: number): void {
  known.delete(key);
  known.set(key, value);
  if (known.size <= most) return;
  const [oldest] = known.keys();
  if (oldest !== undefined) known.delete(oldest);
}

function bearerToken(authorization: string): string {
  return /^bearer /i.test(authorization) ? authorization.slice(7).trim() : '';
}
