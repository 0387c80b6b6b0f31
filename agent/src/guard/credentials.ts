import type { Workload } from '@eastwall/policy';
import type { Fingerprint } from '../kernel/fingerprint.ts';
import { jwtClaims, type TokenOwner, tokenOwner } from './service-account-token.ts';
import type { Sight } from './sight.ts';

export interface CredentialsOptions {
  readonly fingerprint: Fingerprint;
  /** Credentials that are remembered; the one that was seen longest ago makes room. */
  readonly maxCredentials: number;
}

/** Workloads that are told apart as users of one credential. */
const MAX_USERS = 16;
/** A token that lives no longer is made for a session: services hand it on to each other, as they should. */
const SESSION_SECONDS = 24 * 3_600;

/**
 * Notices credentials in the wrong hands. Tokens are read and not verified: what is asked is whether the caller is who
 * the token says, and nobody gains by a token that names somebody else.
 */
export class Credentials {
  readonly #options: CredentialsOptions;
  /** By fingerprint, in the order in which they were last seen; values are workloads. */
  readonly #users = new Map<string, Set<string>>();

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /** `authorization` and `apiKey` are the field values, empty when absent. */
  check(caller: Workload, authorization: string, apiKey: string): Sight | null {
    if (authorization !== '') return this.#checkAuthorization(caller, authorization);
    return apiKey === '' ? null : this.#checkUsers(caller, apiKey, 'API key');
  }

  #checkAuthorization(caller: Workload, authorization: string): Sight | null {
    const space = authorization.indexOf(' ');
    const scheme = authorization.slice(0, Math.max(0, space)).toLowerCase();
    const secret = authorization.slice(space + 1).trim();
    if (secret === '') return null;
    if (scheme === 'bearer') {
      const owner = tokenOwner(secret);
      if (owner !== null) return foreignToken(caller, owner);
      if (isSession(secret)) return null;
    }
    return this.#checkUsers(caller, secret, scheme === 'basic' ? 'Basic credential' : 'token');
  }

  #checkUsers(caller: Workload, secret: string, what: string): Sight | null {
    const users = this.#usersOf(this.#options.fingerprint(secret));
    const user = `${caller.namespace}/${caller.name}`;
    if (!users.has(user) && users.size < MAX_USERS) users.add(user);
    if (users.size < 2) return null;
    return {
      detection: 'shared-credential',
      explanation: `${users.size} workloads use one ${what}: ${[...users].slice(0, 4).join(', ')}${users.size > 4 ? ', …' : ''}`,
      evidence: { workloads: users.size, credential: what },
    };
  }

  #usersOf(fingerprint: string): Set<string> {
    const users = this.#users.get(fingerprint) ?? new Set();
    this.#users.delete(fingerprint);
    this.#users.set(fingerprint, users);
    if (this.#users.size > this.#options.maxCredentials) {
      const [oldest] = this.#users.keys();
      if (oldest !== undefined) this.#users.delete(oldest);
    }
    return users;
  }
}

/** A bound token that is used by another pod of its own service account has still been copied. */
function foreignToken(caller: Workload, owner: TokenOwner): Sight | null {
  const account = `${owner.namespace}/${owner.serviceAccount}`;
  const own = `${caller.namespace}/${caller.serviceAccount}`;
  // Nobody knows who that is, so nobody can say that it is somebody else.
  if (caller.uid === '') return null;
  if (account !== own)
    return {
      detection: 'foreign-token',
      explanation: `sends a token of service account ${account}, and is ${own}`,
      evidence: { tokenOf: account, caller: own, boundToPod: owner.podUid !== '' },
    };
  if (owner.podUid === '' || owner.podUid === caller.uid) return null;
  return {
    detection: 'foreign-token',
    explanation: `sends a token that is bound to another pod of its service account ${own}`,
    evidence: { tokenOf: account, caller: own, boundToPod: true },
  };
}

function isSession(token: string): boolean {
  const claims = jwtClaims(token);
  const [issued, expires] = [claims?.['iat'], claims?.['exp']];
  return typeof expires === 'number' && typeof issued === 'number' && expires - issued <= SESSION_SECONDS;
}
