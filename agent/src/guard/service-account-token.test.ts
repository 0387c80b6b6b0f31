import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aToken } from '../../testing/tokens.ts';
import { tokenOwner } from './service-account-token.ts';

test('reads who a service-account token was made for', () => {
  const bound = aToken({
    sub: 'system:serviceaccount:shop:orders',
    'kubernetes.io': { namespace: 'shop', pod: { name: 'orders-1', uid: 'u-1' } },
  });
  expect(tokenOwner(bound)).toEqual({ namespace: 'shop', serviceAccount: 'orders', podUid: 'u-1' });
  expect(tokenOwner(aToken({ sub: 'system:serviceaccount:shop:orders' }))).toMatchObject({ podUid: '' });
});

test.each([
  ['the token of a user', aToken({ sub: 'alice', iss: 'https://idp.example' })],
  ['another subject', aToken({ sub: 'system:serviceaccount:shop' })],
  ['no JWT', 'abc'],
  ['two parts', 'eyJ.eyJ'],
  ['four parts', `${aToken({ sub: 'system:serviceaccount:a:b' })}.x`],
  ['a payload that is no object', `eyJ.${Buffer.from('7').toString('base64url')}.x`],
  ['a very long one', aToken({ sub: 'system:serviceaccount:a:b', pad: 'x'.repeat(9_000) })],
])('%s is none', (_, token) => {
  expect(tokenOwner(token)).toBeNull();
});

test('never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => tokenOwner(`eyJ${text}`) === null || true));
  fc.assert(
    fc.property(fc.json(), (json) => {
      tokenOwner(`eyJ.${Buffer.from(json).toString('base64url')}.sig`);
    }),
  );
});
