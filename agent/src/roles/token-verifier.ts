import type { VerifiedToken } from '../guard/principals.ts';
import { jwtClaims } from '../guard/service-account-token.ts';
import type { IssuerKeys } from '../identity/issuer.ts';
import { isObject } from '../identity/json.ts';

export type VerifyToken = (token: string) => Promise<VerifiedToken | null>;

/** Public-key algorithms of RFC 7518 and RFC 8037: with a secret shared by all, anybody could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Verifies tokens of these issuers. The library is only loaded where there are any, and throws for a key that is no object. */
export async function tokenVerifier(issuers: readonly IssuerKeys[]): Promise<VerifyToken> {
  const { createLocalJWKSet, jwtVerify } = await import('jose');
  const known = new Map(
    issuers.map(({ issuer, audience, keys }) => [
      issuer,
      { keys: createLocalJWKSet({ keys: keys.filter(isObject) }), ...(audience !== null && { audience }) },
    ]),
  );
  return async (token) => {
    const claimed = jwtClaims(token)?.['iss'];
    const issuer = typeof claimed === 'string' ? known.get(claimed) : undefined;
    if (issuer === undefined || typeof claimed !== 'string') return null;
    const { keys, ...options } = issuer;
    try {
      const { payload } = await jwtVerify(token, keys, {
        ...options,
        issuer: claimed,
        algorithms: ALGORITHMS,
      });
      const { sub, exp } = payload;
      // Without an end it would speak for its principal for ever, also after it was withdrawn.
      return sub === undefined || exp === undefined ? null : { principal: `${claimed} ${sub}`, expires: exp };
    } catch {
      return null;
    }
  };
}
