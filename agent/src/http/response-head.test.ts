import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { faultOf, NEED_MORE } from './fault.ts';
import { ResponseHead, readResponseHead } from './response-head.ts';

const head = new ResponseHead();
const read = (text: string): number => {
  const bytes = Buffer.from(text, 'latin1');
  return readResponseHead(bytes, 0, bytes.length, head);
};

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', { status: 200, contentLength: 3, minor: 1 }],
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\ncontent-length:03\r\n\r\n',
    { contentLength: 3, lengthRepeated: true },
  ],
  ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', { lengthRepeated: false }],
  ['HTTP/1.0 404 Not Found\r\n\r\n', { status: 404, contentLength: -1, minor: 0 }],
  ['HTTP/1.1 204 \r\n\r\n', { status: 204 }],
  ['HTTP/1.1 204\r\n\r\n', { status: 204 }],
  ['HTTP/1.1 200 \xe9\r\nTransfer-Encoding: chunked\r\n\r\n', { chunked: true }],
])('accepted: %j', (text, expected) => {
  expect(read(text)).toBe(text.length);
  expect(head).toMatchObject(expected);
  for (let length = 0; length < text.length; length++) expect(read(text.slice(0, length))).toBe(NEED_MORE);
});

test.each([
  ['bad_status', 'HTTP/2 200 OK\r\n\r\n'],
  ['bad_status', 'ICY 200 OK\r\n\r\n'],
  ['bad_status', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['bad_status', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['bad_status', 'HTTP/1.1  200 OK\r\n\r\n'],
  ['bad_status', 'HTTP/1.1 099 OK\r\n\r\n'],
  ['bare_lf', 'HTTP/1.1 200 OK\n\n'],
  ['repeated_content_length', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  [
    'repeated_content_length',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
  ],
  ['bad_content_length', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1, 1\r\n\r\n'],
  ['length_and_encoding', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['encoding_in_http10', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
])('refused as %s: %j', (fault, text) => {
  expect(faultOf(read(text))).toBe(fault);
});
