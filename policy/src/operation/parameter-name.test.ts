import { expect, test } from 'vitest';
import { distinctName, parameterName } from './parameter-name.ts';

test.each([
  ['orders', 'orderId'],
  ['categories', 'categoryId'],
  ['addresses', 'addressId'],
  ['boxes', 'boxId'],
  ['statuses', 'statusId'],
  ['status', 'statusId'],
  ['line-items', 'lineItemId'],
  ['LineItems', 'lineItemId'],
  ['pet', 'petId'],
  ['news', 'newId'],
  ['v1', 'id'],
  ['', 'id'],
  ['%20', 'id'],
  ['42things', 'id'],
  ['x'.repeat(41), 'id'],
  [null, 'id'],
])('what stands behind %s is %s', (before, name) => expect(parameterName(before)).toBe(name));

test('names are unique', () => {
  expect(distinctName('id', new Set())).toBe('id');
  expect(distinctName('id', new Set(['id', 'id2']))).toBe('id3');
});
