import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChunkedReader } from './chunked.ts';

/** Feeds the pieces; the end of the body counted over all of them, null when malformed, -1 when it goes on. */
const endOf = (...pieces: string[]): number | null => readBy(new ChunkedReader(64), pieces);

function readBy(reader: ChunkedReader, pieces: readonly string[]): number | null {
  let before = 0;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    const reached = reader.read(bytes, 0, bytes.length);
    if (reached < 0) return null;
    if (reader.done) return before + reached;
    before += bytes.length;
  }
  return -1;
}

const BODY = 'A;name="v"\r\n0123456789\r\n00005\r\nhello\r\n0\r\nTrailer: x\r\n\r\n';

describe('chunked bodies', () => {
  test.each([
    ['with extension, leading zeros and trailer', BODY],
    ['empty', '0\r\n\r\n'],
    ['in mixed case', 'aA\r\n'.concat('x'.repeat(0xaa), '\r\n0\r\n\r\n')],
  ])('%s', (_, body) => {
    expect(endOf(`${body}GET / HTTP/1.1`)).toBe(body.length);
  });

  test('any cut gives the same end', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(BODY.length), { maxLength: 12 }), (places) => {
        const edges = [0, ...places.sort((a, b) => a - b), BODY.length];
        expect(endOf(...edges.slice(1).map((edge, i) => BODY.slice(edges[i], edge)))).toBe(BODY.length);
      }),
    );
  });

  test.each([
    ['no size', '\r\nabc'],
    ['a size that is no hex number', 'g\r\n'],
    ['a sign', '+5\r\nhello\r\n'],
    ['a prefix', '0x5\r\nhello\r\n'],
    ['white space before the line end', '5 \r\nhello\r\n'],
    ['a bare LF after the size', '5\nhello\r\n'],
    ['a bare CR in the extension', '5;a\rb\r\nhello\r\n'],
    ['data longer than its size', '5\r\nhello!\r\n0\r\n\r\n'],
    ['a bare LF after the data', '5\r\nhello\n0\r\n\r\n'],
    ['a bare LF at the end', '0\r\n\n'],
    ['a size beyond any integer', `${'f'.repeat(14)}\r\n`],
    ['an endless extension', `5;${'x'.repeat(2000)}`],
    ['endless trailers', `0\r\n${'T: v\r\n'.repeat(20)}`],
    ['a folded trailer', '0\r\nT: v\r\n w\r\n\r\n'],
    ['a request line where trailers are due', '0\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a trailer without a colon', '0\r\nT\r\n\r\n'],
    ['a trailer without a name', '0\r\n: v\r\n\r\n'],
    ['white space before the colon of a trailer', '0\r\nT : v\r\n\r\n'],
    ['a trailer with a control byte', '0\r\nT: \0\r\n\r\n'],
  ])('refused: %s', (_, body) => {
    expect(endOf(body)).toBeNull();
  });
});

describe('sizes that may be padded', () => {
  const padded = (body: string): number | null => readBy(new ChunkedReader(64, true), [body]);

  test.each([
    ['with spaces', '5   \r\nhello\r\n0  \r\n\r\n'],
    ['with a tab', '5\t\r\nhello\r\n0\r\n\r\n'],
    ['before an extension', '5 ;a=b\r\nhello\r\n0\r\n\r\n'],
    ['not at all', BODY],
  ])('%s', (_, body) => {
    expect(padded(`${body}HTTP/1.1 200 OK`)).toBe(body.length);
  });

  test.each([
    ['in front', ' 5\r\nhello\r\n'],
    ['without a size', ' \r\nhello\r\n'],
    ['within', '1 0\r\nhello\r\n'],
    ['endlessly', `5${' '.repeat(2000)}`],
    ['with a bare LF behind', '5 \nhello\r\n'],
    ['after the data', '5\r\nhello \r\n0\r\n\r\n'],
  ])('refused: %s', (_, body) => {
    expect(padded(body)).toBeNull();
  });
});
