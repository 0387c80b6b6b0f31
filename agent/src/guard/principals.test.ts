import { expect, test } from 'vitest';
import { aToken } from '../../testing/tokens.ts';
import { Principals, type VerifiedToken } from './principals.ts';

const IDP = 'https://idp.example';
const bearer = (claims: object) => `Bearer ${aToken(claims)}`;
const ALICE = bearer({ iss: IDP, sub: 'alice' });

function setUp() {
  const clock = { ms: 1_000_000, setBy: 0 };
  const asked: ((verified: VerifiedToken | null) => void)[] = [];
  const principals = new Principals({
    fingerprint: (secret) => `#${secret}`,
    verify: (_, done) => asked.push(done),
    wallClock: () => clock.ms + clock.setBy,
    monotonic: () => clock.ms,
    maxTokens: 2,
    maxPending: 2,
  });
  principals.replaceIssuers([IDP]);
  const answer = (principal: string | null, expires = 2_000) =>
    asked.shift()?.(principal === null ? null : { principal, expires });
  const of = (authorization: string) => principals.of(authorization)?.principal ?? null;
  return { principals, of, clock, asked, answer };
}

test('a token speaks for its principal once it is verified, which is asked once', () => {
  const { of, asked, answer } = setUp();
  expect([of(ALICE), of(ALICE)]).toEqual([null, null]);
  expect(asked).toHaveLength(1);
  answer('alice');
  expect(of(ALICE)).toBe('alice');
  expect(asked).toHaveLength(0);
});

test('a token that is no good speaks for nobody, and is tried again only after a while', () => {
  const { of, asked, answer, clock } = setUp();
  of(ALICE);
  answer(null);
  expect(of(ALICE)).toBeNull();
  expect(asked).toHaveLength(0);
  clock.ms += 61_000;
  clock.setBy = -3_600_000;
  of(ALICE);
  expect(asked).toHaveLength(1);
});

test('nobody is asked about tokens of other issuers, or about what is no token', () => {
  const { of, asked } = setUp();
  for (const text of [
    bearer({ iss: 'https://evil.example' }),
    bearer({}),
    'Bearer x',
    'Basic YQ==',
    '',
    'Bearer ',
  ])
    expect(of(text)).toBeNull();
  expect(asked).toHaveLength(0);
});

test('an expired token speaks for nobody', () => {
  const { of, answer, clock } = setUp();
  of(ALICE);
  answer('alice', 1_060);
  expect(of(ALICE)).toBe('alice');
  clock.ms = 1_060_000;
  expect(of(ALICE)).toBeNull();
});

test('what was verified by keys that are gone no longer counts, nor what comes back late', () => {
  const { principals, of, answer } = setUp();
  of(ALICE);
  principals.replaceIssuers([IDP]);
  answer('alice');
  expect(of(ALICE)).toBeNull();
  answer('alice');
  expect(of(ALICE)).toBe('alice');
  principals.replaceIssuers([]);
  expect(principals.enabled).toBe(false);
  expect(of(ALICE)).toBeNull();
});

test('a flood of tokens is bounded', () => {
  const { of, asked, answer } = setUp();
  for (let i = 0; i < 10; i++) of(bearer({ iss: IDP, sub: `${i}` }));
  expect(asked).toHaveLength(2);
  answer('0');
  answer('1');
  for (const sub of ['2', '3']) of(bearer({ iss: IDP, sub }));
  answer('2');
  answer('3');
  expect(of(bearer({ iss: IDP, sub: '0' }))).toBeNull();
  expect(of(bearer({ iss: IDP, sub: '3' }))).toBe('3');
});

test('a connection may hold on to what a token was found to be, until it expires or its issuer changes', () => {
  const { principals, of, answer, clock } = setUp();
  of(ALICE);
  answer('alice', 1_060);
  const token = principals.of(ALICE);
  expect(principals.holds(token)).toBe(true);
  clock.ms = 1_060_000;
  expect([principals.holds(token), principals.holds(null)]).toEqual([false, false]);
  clock.ms = 1_000_000;
  principals.replaceIssuers([IDP]);
  expect(principals.holds(token)).toBe(false);
});
