import { describe, expect, it } from 'vitest';
import { SEGMENT_CHECKS, type SegmentType } from './segment-type.ts';

const TAKEN: Readonly<Record<SegmentType, readonly string[]>> = {
  int: ['0', '007', '9'.repeat(20)],
  uuid: ['3f2504e0-4f89-41d3-9a0c-0305e82c3301', '3F2504E0-4F89-41D3-9A0C-0305E82C3301'],
  hex: ['deadbeef', 'DEADbeef00', 'a'.repeat(128)],
  slug: ['a', '7', 'my-first_Post-2', 'a'.repeat(128)],
};

const REFUSED: Readonly<Record<SegmentType, readonly string[]>> = {
  int: ['', '-1', '+1', '1.0', '1e3', '٣', 'x1', '9'.repeat(21)],
  uuid: [
    '',
    '3f2504e04f8941d39a0c0305e82c3301',
    '3f2504e0-4f89-41d3-9a0c-0305e82c330g',
    '3f2504e0-4f89-41d39-a0c-0305e82c3301',
  ],
  hex: ['', 'deadbee', 'deadbeeg', 'a'.repeat(129)],
  slug: ['', '-a', '_a', 'a.b', 'a%20b', 'a'.repeat(129)],
};

describe.each(Object.keys(SEGMENT_CHECKS) as SegmentType[])('{name:%s}', (type) => {
  // In the middle of a path, because a check sees the whole path and must mind its borders.
  const check = (segment: string) => SEGMENT_CHECKS[type](`/1a/${segment}/1a`, 4, 4 + segment.length);

  it.each(TAKEN[type])('takes %s', (segment) => expect(check(segment)).toBe(true));
  it.each(REFUSED[type])('refuses %j', (segment) => expect(check(segment)).toBe(false));
});
