import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closingHead } from './closing-head.ts';
import { ResponseHead, readResponseHead } from './response-head.ts';

const closing = (text: string): string => {
  const bytes = Buffer.from(`..${text}..`, 'latin1');
  return Buffer.from(closingHead(bytes, 2, 2 + text.length)).toString('latin1');
};

test.each([
  ['nothing said', 'HTTP/1.1 204\r\n\r\n', 'HTTP/1.1 204\r\nconnection: close\r\n\r\n'],
  [
    'other fields stay as they are, in their order',
    'HTTP/1.1 200 \xe9\r\nA:b\r\nContent-Length: 3 \r\nSet-Cookie: c=\xfc\r\n\r\n',
    'HTTP/1.1 200 \xe9\r\nconnection: close\r\nA:b\r\nContent-Length: 3 \r\nSet-Cookie: c=\xfc\r\n\r\n',
  ],
  [
    'promises are left out',
    'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout=5\r\nServer: x\r\nCONNECTION: a ,keep-alive\r\n\r\n',
    'HTTP/1.0 200 OK\r\nconnection: close\r\nServer: x\r\n\r\n',
  ],
  [
    'other words about the connection stay',
    'HTTP/1.1 426 Upgrade Required\r\nConnection: upgrade, keep-alives\r\nKeep-Alive-Like: 1\r\n\r\n',
    'HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\nConnection: upgrade, keep-alives\r\nKeep-Alive-Like: 1\r\n\r\n',
  ],
])('%s', (_, before, after) => expect(closing(before)).toBe(after));

const value = fc.string({ unit: fc.constantFrom(...'ab:, ;=\t\xff') }).map((text) => text.trim());
const field = fc.oneof(
  fc.tuple(fc.stringMatching(/^[A-Za-z-]{1,12}$/), value),
  fc.tuple(
    fc.constantFrom('Connection', 'CONNECTION', 'connection'),
    fc
      .array(fc.constantFrom('keep-alive', 'Keep-Alive', 'close', 'upgrade', 'x', ''), { maxLength: 4 })
      .map((tokens) => tokens.join(', ')),
  ),
  fc.constantFrom(['Keep-Alive', 'timeout=5'], ['Content-Length', '7'], ['Transfer-Encoding', 'chunked']),
);

test('whatever is said closes, and frames as before', () => {
  fc.assert(
    fc.property(fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.0 200'), fc.array(field), (line, fields) => {
      const text = [line, ...fields.map(([name, held]) => `${name}: ${held}`), '', ''].join('\r\n');
      const before = new ResponseHead();
      const bytes = Buffer.from(text, 'latin1');
      fc.pre(readResponseHead(bytes, 0, bytes.length, before) === bytes.length);
      const after = new ResponseHead();
      const closed = closingHead(bytes, 0, bytes.length);
      expect(readResponseHead(closed, 0, closed.length, after)).toBe(closed.length);
      expect(after).toMatchObject({ close: true, keepAlive: false });
      const { status, minor, contentLength, chunked } = before;
      expect(after).toMatchObject({ status, minor, contentLength, chunked });
    }),
  );
});
