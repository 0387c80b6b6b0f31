import { expect, it } from 'vitest';
import { EADDRINUSE, errnoText } from './errno.ts';

it('names an errno, and does not fail on one it does not know', () => {
  expect(errnoText(-EADDRINUSE)).toBe('EADDRINUSE: address already in use');
  expect(errnoText(-4000)).toMatch(/4000/);
});
