import { describe, expect, it } from 'vitest';
import { ansi, choosePaint, plain } from './colour.ts';

describe('choosePaint', () => {
  it.each<[boolean, Record<string, string>, boolean]>([
    [true, {}, true],
    [false, {}, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('on a terminal: %s, with %j: %s', (isTerminal, env, coloured) => {
    expect(choosePaint(isTerminal, env)).toBe(coloured ? ansi : plain);
  });
});
