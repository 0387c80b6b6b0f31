import { expect, test } from 'vitest';
import { segmentClass, widened } from './segment-class.ts';

const EXAMPLES = {
  int: ['0', '42', '1718000000000', '9'.repeat(20)],
  uuid: ['3f2504e0-4f89-41d3-9a0c-0305e82c3301', '3F2504E0-4F89-41D3-9A0C-0305E82C3301'],
  hex: ['507f1f77bcf86cd799439011', 'deadbeef42', 'DEADBEEFDEADBEE1', 'a'.repeat(63) + 1],
  ulid: ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01arz3ndektsv4rrffq69g5fav'],
  date: ['2026-01-31'],
  email: ['ada@example.com', 'a+b@c.d'],
  number: ['10.0.0.1', '-73.98,40.75', '1,2,3', '9'.repeat(21)],
  token: ['V1StGXR8_Z5jdHi6B-myT', '0ujsszwN8NRY24YaXiTIE2VWDTS'],
  text: ['x'.repeat(65), '%'.repeat(200), 'a'.repeat(100_000)],
  likely: ['web-6d4cf56db6-x7k2p', 'INV-2026', 'caf%C3%A9', 'the-quick-brown-fox-jumps-over-the-dog'],
  word: [
    '',
    'orders',
    'v1',
    'v1beta1',
    '@me',
    'users@',
    '1.0',
    'findByStatus',
    'decade',
    'feedface',
    'getOrdersV2ForCustomerByIdV3',
    'shop.Orders',
    'a-b-c-d-e',
    'oauth2',
  ],
} as const;

test.each(Object.entries(EXAMPLES))('looks like %s', (looks, segments) => {
  // In the middle of a path, because it sees the whole path and must mind its borders.
  for (const segment of segments)
    expect([segment, segmentClass(`/1a/${segment}/1a`, 4, 4 + segment.length)]).toEqual([segment, looks]);
});

test('a parameter takes the narrowest type that has all of its values', () => {
  expect(widened('int', 'int')).toBe('int');
  expect(widened('hex', 'int')).toBe('hex');
  expect(widened('int', 'uuid')).toBe('text');
  expect(widened('token', 'hex')).toBe('token');
});
