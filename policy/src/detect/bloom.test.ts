import { expect, test } from 'vitest';
import { hashesOf } from '../../testing/lab/random.ts';
import { Bloom } from './bloom.ts';
import { RotatingBloom, SHOWN_ROTATION } from './rotating-bloom.ts';

const SMALL = { bytes: 1_024, periodMs: 100, maxIds: 50 };

function add(filter: RotatingBloom, id: number, now = 0): boolean {
  const { h1, h2 } = hashesOf(id);
  return filter.add(h1, h2, now);
}

function has(filter: Pick<Bloom, 'has'>, id: number): boolean {
  const { h1, h2 } = hashesOf(id);
  return filter.has(h1, h2);
}

test('what was added is there, whatever the sign of the hashes', () => {
  const bloom = new Bloom(1_024);
  const pairs = [
    [0, 0],
    [0xffffffff, 0xfffffffe],
    [-4_000, -2],
    [0x80001234, 1],
  ] as const;
  for (const [h1, h2] of pairs) expect(bloom.add(h1, h2)).toBe(true);
  for (const [h1, h2] of pairs) expect(bloom.has(h1, h2)).toBe(true);
  expect(bloom.has(-1, -2)).toBe(true);
  expect(bloom.add(0, 0)).toBe(false);
});

test('a full filter of 64 KiB takes fewer than 0.1 % of strangers for members', () => {
  const bloom = new Bloom(SHOWN_ROTATION.bytes);
  for (let id = 0; id < SHOWN_ROTATION.maxIds; id++) bloom.add(hashesOf(id).h1, hashesOf(id).h2);
  let wrong = 0;
  for (let id = 0; id < 100_000; id++) if (has(bloom, 1_000_000 + id)) wrong++;
  expect(wrong / 100_000).toBeLessThan(0.001);
});

test('an id is remembered for one period at least and for two at most', () => {
  const filter = new RotatingBloom(SMALL, 0);
  add(filter, 1);
  filter.advance(100);
  expect(has(filter, 1)).toBe(true);
  expect(add(filter, 1, 100)).toBe(false);
  add(filter, 2, 150);
  filter.advance(200);
  expect([1, 2].map((id) => has(filter, id))).toEqual([true, true]);
  filter.advance(300);
  expect([1, 2].map((id) => has(filter, id))).toEqual([false, false]);
});

test('a filter nobody has looked at for long is empty', () => {
  const filter = new RotatingBloom(SMALL, 0);
  add(filter, 1);
  filter.advance(10_000);
  expect(has(filter, 1)).toBe(false);
});

test('many ids rotate it early, so that it never says yes to everything', () => {
  const filter = new RotatingBloom(SMALL, 0);
  for (let id = 0; id < 10_000; id++) {
    add(filter, id);
    expect(has(filter, id)).toBe(true);
    expect(filter.size).toBeLessThanOrEqual(SMALL.maxIds);
  }
  expect(has(filter, 0)).toBe(false);
  let wrong = 0;
  for (let id = 20_000; id < 30_000; id++) if (has(filter, id)) wrong++;
  expect(wrong).toBeLessThan(100);
});
