import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { age, clockTime, size, visible } from './text.ts';

describe('visible', () => {
  it('leaves nothing that could move a cursor, and changes nothing else', () => {
    expect(visible('GET /a\u001b[2Jb\u009b\n')).toBe('GET /a\\x1b[2Jb\\x9b\\x0a');
    expect(visible('shop/a \u202eylno daer\u202c\u2028\u200b')).toBe(
      'shop/a \\u{202e}ylno daer\\u{202c}\\u{2028}\\u{200b}',
    );
    expect(visible('/grüße/日本')).toBe('/grüße/日本');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        [...visible(text)].every(
          (character) => character >= ' ' && (character < '\u007f' || character > '\u009f'),
        ),
      ),
    );
  });
});

describe('age', () => {
  it.each([
    [0, '0ms'],
    [850, '850ms'],
    [119_999, '119s'],
    [120_000, '2m'],
    [184_000, '3m4s'],
    [3_600_000, '60m'],
    [18_360_000, '5h6m'],
    [183_600_000, '2d3h'],
  ])('%i ms is %s', (ms, text) => {
    expect(age(ms)).toBe(text);
  });
});

describe('size', () => {
  it.each([
    [0, '0B'],
    [999, '999B'],
    [1_000, '1.0KiB'],
    [4_200, '4.1KiB'],
    [1_048_576, '1.0MiB'],
    [5e9, '4.7GiB'],
    [5e12, '4656.6GiB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });
});

describe('clockTime', () => {
  it('shows local time to the millisecond', () => {
    expect(clockTime(new Date(2026, 0, 31, 9, 5, 7, 8).getTime())).toBe('09:05:07.008');
  });
});
