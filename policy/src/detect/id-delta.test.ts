import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../testing/runs.ts';
import { decodeDelta, IdDelta, MAX_DELTA_IDS } from './id-delta.ts';

test('what one node tells is what another one reads', () => {
  const hash = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(fc.array(fc.tuple(hash, hash), { minLength: 1, maxLength: 50 }), (ids) => {
      const delta = new IdDelta();
      for (const [h1, h2] of ids) delta.add(h1, h2);
      const bytes = delta.take() ?? new Uint8Array();
      expect(decodeDelta(bytes)).toEqual({ ok: true, value: Uint32Array.from(ids.flat()) });
      expect(delta.take()).toBeNull();
    }),
    runs(50),
  );
});

test('more than one message holds is dropped and counted', () => {
  const delta = new IdDelta();
  for (let i = 0; i < MAX_DELTA_IDS + 7; i++) delta.add(i, i);
  expect(delta.takeDropped()).toBe(7);
  expect(delta.takeDropped()).toBe(0);
  expect(delta.take()).toHaveLength(8 + 8 * MAX_DELTA_IDS);
});

test('foreign bytes are refused or read in full', () => {
  const start = Uint8Array.from([0x45, 0x49, 0x44, 0x31]);
  const bytes = fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 64 }));
  fc.assert(
    fc.property(bytes, ([hasMagic, rest]) => {
      const message = hasMagic ? Uint8Array.from([...start, ...rest]) : rest;
      const read = decodeDelta(message);
      if (read.ok) expect(message).toHaveLength(8 + 4 * read.value.length);
    }),
    runs(200),
  );
  expect(decodeDelta(Uint8Array.from([...start, 0xff, 0xff, 0, 0])).ok).toBe(false);
});
