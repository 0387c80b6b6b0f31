import { expect, test } from 'vitest';
import { guardSecrets } from './guard-secrets.ts';

test('who shares a secret shares all keys, and nobody else has one of them', () => {
  const ours = guardSecrets('s3cret');
  expect(guardSecrets('s3cret')).toEqual(ours);
  const theirs = guardSecrets('another');
  expect(theirs.keys.idSeed).not.toEqual(ours.keys.idSeed);
  expect(theirs.keys.fingerprintKey).not.toBe(ours.keys.fingerprintKey);
  expect(theirs.sealKey).not.toEqual(ours.sealKey);
  expect(JSON.stringify(ours)).not.toContain('s3cret');
});

test('without a secret every node has keys of its own, and none for telling others', () => {
  const [one, other] = [guardSecrets(''), guardSecrets('')];
  expect(one.keys).not.toEqual(other.keys);
  expect(one.sealKey).toBeNull();
});
