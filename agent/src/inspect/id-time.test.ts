import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORM, formOf } from './id-form.ts';
import { NO_TIME, timeOf } from './id-time.ts';

function timeIn(id: string): number {
  const bytes = Buffer.from(`<${id}>`);
  const place = { start: 1, end: bytes.length - 1 };
  return timeOf(bytes, place, formOf(bytes, place.start, place.end));
}

describe('when an id was made', () => {
  it.each([
    // RFC 9562, appendix A, and the specification of ULIDs.
    ['UUID v1', 'C232AB00-9414-11EC-B3C8-9F6BDECED846', '2022-02-22T19:22:22.000Z'],
    ['UUID v6', '1EC9414C-232A-6B00-B3C8-9F6BDECED846', '2022-02-22T19:22:22.000Z'],
    ['UUID v7', '017F22E2-79B0-7CC3-98C4-DC0C0C07398F', '2022-02-22T19:22:22.000Z'],
    ['UUID v7 without dashes', '017f22e279b07cc398c4dc0c0c07398f', '2022-02-22T19:22:22.000Z'],
    ['ULID', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '2016-07-30T23:54:10.259Z'],
    ['ULID, lower case', '01arz3ndektsv4rrffq69g5fav', '2016-07-30T23:54:10.259Z'],
    ['ObjectId', '507f1f77bcf86cd799439011', '2012-10-17T21:13:27.000Z'],
  ])('is read off a %s', (_, id, when) => {
    expect(new Date(timeIn(id)).toISOString()).toBe(when);
  });

  it('of snowflakes is known from one to the next', () => {
    // Discord’s own example, and one that was made a second later.
    const first = 175_928_847_299_117_063n;
    expect(timeIn(`${first + (1_000n << 22n)}`) - timeIn(`${first}`)).toBe(1_000);
  });

  it.each([
    ['UUID v4', '919108f7-52d1-4320-9bac-f847db4148a8'],
    ['UUID v7 of the year 8921', 'ffffffff-79b0-7cc3-98c4-dc0c0c07398f'],
    ['hex that is no UUID', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['ULID of the year 1970', '00000000000000000000000001'],
    ['small number', '17'],
    ['word', 'orders'],
    ['hash of SHA-256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ])('is not in a %s', (_, id) => {
    expect(timeIn(id)).toBe(NO_TIME);
  });

  it('is some time or none, whatever the bytes are', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70 }),
        fc.constantFrom(...Object.values(FORM)),
        (bytes, form) => {
          const time = timeOf(bytes, { start: 0, end: bytes.length }, form);
          expect(Number.isFinite(time)).toBe(true);
        },
      ),
    );
  });
});
