import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rawPath } from '../../testing/arbitraries.ts';
import { referenceCanonicalPath } from '../../testing/reference-path.ts';
import { runs } from '../../testing/runs.ts';
import { canonicalPath } from './canonical.ts';

describe('canonicalPath', () => {
  it.each([
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/', '/a/'],
    ['*', '*'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a/...', '/a/...'],
    ['/a..b/.c', '/a..b/.c'],
    ["/a-._~!$&'()*+,=:@", "/a-._~!$&'()*+,=:@"],
    ['/%61%7E%2d', '/a~-'],
    ['/v1/x%3aread', '/v1/x:read'],
    ['/a%40b', '/a@b'],
    ['/a%20b', '/a%20b'],
    ['/items%5b0%5d', '/items%5B0%5D'],
    ['/items[0]', '/items%5B0%5D'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/%f0%9f%98%80', '/%F0%9F%98%80'],
    ['/100%25', '/100%25'],
    ['/%3F%23', '/%3F%23'],
  ])('spells %s as %s', (path, canonical) => expect(canonicalPath(path)).toBe(canonical));

  it.each([
    ['', 'empty'],
    ['a', 'relative'],
    ['host:80', 'an authority'],
    ['**', 'no path'],
    ['//', 'empty segment'],
    ['/a//b', 'empty segment'],
    ['/a//', 'empty segment at the end'],
    ['/.', 'dot segment'],
    ['/..', 'dot segment'],
    ['/a/./b', 'dot segment'],
    ['/a/../b', 'dot segment'],
    ['/a/..', 'dot segment'],
    ['/%2e', 'encoded dot segment'],
    ['/a/%2E%2e/b', 'encoded dot segment'],
    ['/a/.%2e', 'half encoded dot segment'],
    ['/a%2Fb', 'encoded slash'],
    ['/a%2fb', 'encoded slash'],
    ['/a\\b', 'backslash'],
    ['/a%5cb', 'encoded backslash'],
    ['/a;v=1', 'parameters'],
    ['/a%3bv', 'encoded parameters'],
    ['/a%00', 'NUL'],
    ['/a%0d%0aX', 'line break'],
    ['/a%7f', 'DEL'],
    ['/a\u0000', 'raw NUL'],
    ['/a\tb', 'raw control'],
    ['/%c2%85', 'C1 control'],
    ['/a b', 'raw space'],
    ['/a?b', 'query'],
    ['/a#b', 'fragment'],
    ['/%', 'lone percent'],
    ['/%4', 'half an escape'],
    ['/%zz', 'no hex'],
    ['/%u0041', 'IIS escape'],
    ['/%252e', 'encoded twice'],
    ['/%25%32%65', 'encoded twice, every character'],
    ['/é', 'raw non-ASCII'],
    ['/\u00ff', 'raw byte as Latin-1'],
    ['/%c0%af', 'overlong slash'],
    ['/%e0%80%af', 'overlong slash'],
    ['/%f0%80%80%af', 'overlong slash'],
    ['/%ed%a0%80', 'surrogate'],
    ['/%f4%90%80%80', 'beyond Unicode'],
    ['/%ff', 'no UTF-8'],
    ['/%80', 'lone continuation'],
    ['/%c3', 'cut off'],
    ['/%c3x', 'cut off'],
    ['/%c3%28', 'bad continuation'],
  ])('refuses %j: %s', (path) => expect(canonicalPath(path)).toBeNull());

  const anyPath = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '/',
          '/',
          '.',
          '..',
          'a',
          '%2e',
          '%2F',
          '%25',
          '%',
          '41',
          '%c3',
          '%a9',
          '%e2%82%ac',
          ';',
          '~',
        ),
        fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
        fc.integer({ min: 0, max: 300 }).map((code) => String.fromCharCode(code)),
      ),
      { maxLength: 12 },
    )
    .map((parts) => `/${parts.join('')}`);

  it('agrees with the reference on any input', () => {
    fc.assert(
      fc.property(fc.oneof(anyPath, rawPath, fc.string()), (path) => {
        expect(canonicalPath(path)).toBe(referenceCanonicalPath(path));
      }),
      runs(5_000),
    );
  });

  it('leaves a canonical path as it is', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const canonical = canonicalPath(path);
        if (canonical !== null) expect(canonicalPath(canonical)).toBe(canonical);
      }),
      runs(2_000),
    );
  });
});
