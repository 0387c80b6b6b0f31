import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guardSecrets } from './guard-secrets.ts';
import { MAX_SEALED_BYTES, SENDER_BYTES, type SealContext, seal, unseal } from './news-seal.ts';

const NOW = 1_700_000_000_000;
const MAX_AGE_MS = 120_000;
const key = guardSecrets('s3cret').sealKey ?? new Uint8Array();
const at = (sender: string): SealContext => ({
  key,
  channel: 'eastwall:news',
  sender: Buffer.alloc(SENDER_BYTES, sender),
});
const news = {
  shown: [{ workload: 'shop/Deployment/orders', ids: 'RUlEMQ==' }],
  uses: [{ fingerprint: 'abc', workload: 'shop/orders' }],
};
const unreadable = { ok: false, error: 'unreadable' };

test('what one agent seals another one reads, and nobody else', () => {
  const sealed = seal(at('a'), news, NOW);
  expect(unseal(at('b'), sealed, NOW)).toEqual({ ok: true, value: news });
  expect(sealed.toString('latin1')).not.toContain('orders');
  expect(unseal({ ...at('b'), key: randomBytes(32) }, sealed, NOW)).toEqual(unreadable);
  expect(unseal({ ...at('b'), channel: 'other:news' }, sealed, NOW)).toEqual(unreadable);
});

test('one’s own news are none', () => {
  expect(unseal(at('a'), seal(at('a'), news, NOW), NOW)).toEqual({ ok: true, value: null });
});

test('news that are old, or from a future, are refused', () => {
  const sealed = seal(at('a'), news, NOW);
  for (const [now, ok] of [
    [NOW + MAX_AGE_MS, true],
    [NOW - MAX_AGE_MS, true],
    [NOW + MAX_AGE_MS + 1, false],
    [NOW - MAX_AGE_MS - 1, false],
  ] as const)
    expect(unseal(at('b'), sealed, now).ok).toBe(ok);
});

test('any change of any byte makes news unreadable', () => {
  const sealed = seal(at('a'), news, NOW);
  for (let index = 0; index < sealed.length; index++) {
    const spoiled = Buffer.from(sealed);
    spoiled[index] = (spoiled[index] ?? 0) ^ 1;
    expect(unseal(at('b'), spoiled, NOW)).toEqual(unreadable);
  }
});

test('whoever has the key is still held to what news are', () => {
  const bad = { shown: [{ workload: 'x', ids: '!' }], uses: [] };
  expect(unseal(at('b'), seal(at('a'), bad, NOW), NOW)).toEqual(unreadable);
});

test('the most that may be said at once is not too long, and what is longer is not looked at', () => {
  const name = 'n'.repeat(600);
  const most = {
    shown: Array.from({ length: 16 }, () => ({ workload: name, ids: 'A'.repeat(10_936) })),
    uses: Array.from({ length: 256 }, () => ({ fingerprint: 'f'.repeat(64), workload: name })),
  };
  const sealed = seal(at('a'), most, NOW);
  expect(sealed.length).toBeLessThan(MAX_SEALED_BYTES);
  expect(unseal(at('b'), sealed, NOW)).toEqual({ ok: true, value: most });
  expect(unseal(at('b'), new Uint8Array(MAX_SEALED_BYTES + 1), NOW)).toEqual(unreadable);
});

test('whatever bytes come, they are refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !unseal(at('b'), bytes, NOW).ok));
});
