import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { aToken } from '../../testing/tokens.ts';
import { tokenVerifier, type VerifyToken } from './token-verifier.ts';

const IDP = 'https://idp.example';
const soon = Math.floor(Date.now() / 1_000) + 600;
let sign: (claims: object, audience?: string) => Promise<string>;
let verify: VerifyToken;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  sign = (claims, audience = 'orders') =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256' }).setAudience(audience).sign(privateKey);
  verify = await tokenVerifier([{ issuer: IDP, audience: 'orders', keys: [await exportJWK(publicKey)] }]);
});

test('a good token speaks for its subject as its issuer names it', async () => {
  expect(await verify(await sign({ iss: IDP, sub: 'alice', exp: soon }))).toEqual({
    principal: `${IDP} alice`,
    expires: soon,
  });
});

test.each([
  ['signed by nobody', async () => aToken({ iss: IDP, sub: 'alice', aud: 'orders', exp: soon })],
  ['of another issuer', () => sign({ iss: 'https://evil.example', sub: 'alice', exp: soon })],
  ['for another audience', () => sign({ iss: IDP, sub: 'alice', exp: soon }, 'billing')],
  ['expired', () => sign({ iss: IDP, sub: 'alice', exp: 1_000 })],
  ['without an end', () => sign({ iss: IDP, sub: 'alice' })],
  ['without a subject', () => sign({ iss: IDP, exp: soon })],
  ['no token', async () => 'x'],
])('a token %s speaks for nobody', async (_, token) => {
  expect(await verify(await token())).toBeNull();
});

test('a token changed by one character speaks for nobody', async () => {
  const [head, payload, signature] = (await sign({ iss: IDP, sub: 'alice', exp: soon })).split('.');
  const other = Buffer.from(JSON.stringify({ iss: IDP, sub: 'bob', aud: 'orders', exp: soon })).toString(
    'base64url',
  );
  expect(await verify(`${head}.${other}.${signature}`)).toBeNull();
  expect(await verify(`${head}.${payload}.${signature}`)).not.toBeNull();
});
