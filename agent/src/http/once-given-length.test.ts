import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { onceGivenLength } from './once-given-length.ts';
import { ResponseHead, readResponseHead } from './response-head.ts';

const once = (text: string): string => {
  const bytes = Buffer.from(`..${text}..`, 'latin1');
  return Buffer.from(onceGivenLength(bytes, 2, 2 + text.length)).toString('latin1');
};

test.each([
  [
    'the first stays, where it is',
    'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\nC: d\r\ncontent-length:3\r\nContent-Length: 3 \r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\nC: d\r\n\r\n',
  ],
  [
    'names that are like it stay',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Lengths: 3\r\nX-Content-Length: 3\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Lengths: 3\r\nX-Content-Length: 3\r\n\r\n',
  ],
])('%s', (_, before, after) => expect(once(before)).toBe(after));

const field = fc.constantFrom(
  'Content-Length: 7',
  'CONTENT-LENGTH:07 ',
  'A: Content-Length: 7',
  'Content-Length-A: 9',
);

test('it frames as before, and gives the length once', () => {
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const bytes = Buffer.from(['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n'), 'latin1');
      const before = new ResponseHead();
      expect(readResponseHead(bytes, 0, bytes.length, before)).toBe(bytes.length);
      const after = new ResponseHead();
      const head = onceGivenLength(bytes, 0, bytes.length);
      expect(readResponseHead(head, 0, head.length, after)).toBe(head.length);
      expect(after).toMatchObject({ lengthRepeated: false, contentLength: before.contentLength });
    }),
  );
});
