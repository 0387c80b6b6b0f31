import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT with these claims, signed by nobody. */
export const aToken = (claims: object): string =>
  `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2ln`;

export interface TestIssuer {
  readonly issuer: string;
  /** What its JWKS endpoint says. */
  readonly jwks: { readonly keys: readonly object[] };
  tokenOf(subject: string): Promise<string>;
}

/** An issuer with a key of its own, whose tokens are good for an hour. */
export async function anIssuer(issuer: string): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const header = { alg: 'ES256', kid: 'one' };
  return {
    issuer,
    jwks: { keys: [{ ...(await exportJWK(publicKey)), ...header }] },
    tokenOf: (subject) =>
      new SignJWT({})
        .setProtectedHeader(header)
        .setIssuer(issuer)
        .setSubject(subject)
        .setExpirationTime('1h')
        .sign(privateKey),
  };
}
