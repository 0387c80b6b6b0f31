import type { Workload } from '@eastwall/policy';
import type { Fingerprint } from '../kernel/fingerprint.ts';
import type { CredentialUse } from '../record/news.ts';
import { CredentialNews } from './credential-news.ts';
import { CredentialUsers } from './credential-users.ts';
import { jwtClaims, type TokenOwner, tokenOwner } from './service-account-token.ts';
import type { Sight } from './sight.ts';

export interface CredentialsOptions {
  readonly fingerprint: Fingerprint;
  /** Credentials that are remembered; see `CredentialUsers`. */
  readonly maxCredentials: number;
  /** Others are told which workload uses which. */
  readonly shared: boolean;
}

/** A token that lives no longer is made for a session: services hand it on to each other, as they should. */
const SESSION_SECONDS = 24 * 3_600;

/**
 * Notices credentials in the wrong hands. Tokens are read and not verified: what is asked is whether the caller is who
 * the token says, and nobody gains by a token that names somebody else.
 */
export class Credentials {
  /** Grows whenever what was found of a credential may read otherwise, or is to be noted again. */
  version = 0;
  readonly #options: CredentialsOptions;
  readonly #users: CredentialUsers;
  /** By themselves, so that nobody elsewhere can push out what was seen here. */
  readonly #elsewhere: CredentialUsers;
  readonly #news = new CredentialNews();
  #toldForgotten = 0;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#users = new CredentialUsers(options.maxCredentials);
    this.#elsewhere = new CredentialUsers(options.maxCredentials);
  }

  /** What others are to be told, and how much there was no room for. */
  takeUses(): { readonly uses: readonly CredentialUse[]; readonly dropped: number } {
    this.version++;
    return this.#news.take();
  }

  /** Credentials that had to make room since the last call. */
  takeForgotten(): number {
    const forgotten = this.#users.forgotten + this.#elsewhere.forgotten;
    const taken = forgotten - this.#toldForgotten;
    this.#toldForgotten = forgotten;
    return taken;
  }

  /** Somebody elsewhere has seen this. */
  hear({ fingerprint, workload }: CredentialUse): void {
    this.version++;
    this.#elsewhere.add(fingerprint, workload);
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
    const fingerprint = this.#options.fingerprint(secret);
    const user = `${caller.namespace}/${caller.name}`;
    if (this.#options.shared) this.#news.add(fingerprint, user);
    const before = this.#users.of(fingerprint)?.size ?? 0;
    const here = this.#users.add(fingerprint, user);
    if (here.size > 1 && here.size !== before) this.version++;
    const elsewhere = this.#elsewhere.of(fingerprint);
    const users = elsewhere === null ? here : new Set([...here, ...elsewhere]);
    if (users.size < 2) return null;
    return {
      detection: 'shared-credential',
      explanation: `${users.size} workloads use one ${what}: ${[...users].slice(0, 4).join(', ')}${users.size > 4 ? ', …' : ''}`,
      evidence: { workloads: users.size, credential: what },
    };
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
