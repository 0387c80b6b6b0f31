import { expect, test } from 'vitest';
import { PathSet } from './path-set.ts';

const paths = new PathSet(['/actuator/**', '/metrics', '/users/{id:int}/keys', 'not a template']);

test.each([
  ['/actuator', true],
  ['/actuator/health/liveness', true],
  ['/metrics', true],
  ['/%6Detrics', true],
  ['/metrics/', false],
  ['/users/7/keys', true],
  ['/users/me/keys', false],
  ['/a//metrics', false],
  ['', false],
  ['*', false],
])('%s', (path, expected) => {
  expect(paths.has(path)).toBe(expected);
});
