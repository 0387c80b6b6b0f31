import { expect, test } from 'vitest';
import { PathSet } from './path-set.ts';

const paths = new PathSet(['/actuator/**', '/metrics', '/users/{id:int}/keys', 'not a template']);

test.each([
  ['/actuator', '/actuator/**'],
  ['/actuator/health/liveness', '/actuator/**'],
  ['/metrics', '/metrics'],
  ['/%6Detrics', '/metrics'],
  ['/%6detrics', '/metrics'],
  ['/orders/metrics', null],
  ['/', null],
  ['/metrics/', null],
  ['/users/7/keys', '/users/{id:int}/keys'],
  ['/users/me/keys', null],
  ['/a//metrics', null],
  ['', null],
  ['*', null],
])('%s', (path, expected) => {
  expect(paths.find(path)).toBe(expected);
});

test('a set that takes any first segment looks at all of them', () => {
  const any = new PathSet(['/metrics', '/{tenant}/admin/**']);
  expect(any.find('/shop/admin/users')).toBe('/{tenant}/admin/**');
  expect(new PathSet(['/**', '/metrics']).find('/orders')).toBe('/**');
});
