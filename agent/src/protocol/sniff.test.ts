import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { beginsLikeRequest, beginsLikeResponse, greetsInH2, type Sniffed, sniff } from './sniff.ts';

const sniffText = (text: string, from = 0): Sniffed => {
  const bytes = Buffer.from(text, 'latin1');
  return sniff(bytes, from, bytes.length);
};
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

test.each<[Sniffed, string]>([
  ['more', ''],
  ['more', 'G'],
  ['more', 'GET /a'],
  ['more', 'GET /a HTTP/1.1\r'],
  ['http1', 'GET /a HTTP/1.1\r\n'],
  ['http1', 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'],
  // Malformed, but plainly HTTP: for the strict reader to refuse, not to pass as opaque.
  ['http1', 'GET /a HTTP/1.1\nHost: a\n\n'],
  ['http1', 'GET  /a b HTTP/1.1\r\n'],
  ['http1', 'GET /a HTTP/3.0\r\n'],
  ['more', PREFACE.slice(0, 20)],
  ['h2', PREFACE],
  ['h2', `${PREFACE}\0\0\0`],
  ['more', '\x16'],
  ['tls', '\x16\x03\x01'],
  ['opaque', '\x16\x02'],
  ['opaque', '*1\r\n$4\r\nPING\r\n'],
  ['opaque', 'PING\r\n'],
  ['opaque', 'GET key\r\n'],
  ['opaque', 'GET /\r\n'],
  ['opaque', 'HELO mail\r\n'],
  ['opaque', '\0\0\0\x08'],
  ['opaque', ' GET / HTTP/1.1\r\n'],
  ['opaque', `${'A'.repeat(33)}`],
  ['more', '\r'],
  ['more', '\r\n'],
  ['more', '\r\nGET /a'],
  ['http1', '\r\nGET /a HTTP/1.1\r\n'],
  // Not HTTP/2 behind an empty line: for the strict reader to refuse.
  ['http1', `\r\n${PREFACE}`],
  ['opaque', '\r\n\r\n'],
  ['opaque', '\rG'],
  ['opaque', '\nGET /a HTTP/1.1\r\n'],
  ['opaque', '\r\n\x16\x03\x01'],
  ['opaque', `\r\n${'A'.repeat(33)}`],
])('%s: %j', (expected, text) => {
  expect(sniffText(text)).toBe(expected);
});

test('the search for the line end goes on where it stopped', () => {
  expect(sniffText('GET /a HTTP/1.1\r\n', 16)).toBe('http1');
});

test.each([
  [true, 'GET /'],
  [true, 'POST /orders?x'],
  [false, 'GET '],
  [false, 'GET key'],
  [false, 'G'],
  [false, '*1'],
  [true, '\r\nGET /'],
  [false, '\r\n'],
])('an unfinished line is a request: %s: %j', (expected, text) => {
  const bytes = Buffer.from(text, 'latin1');
  expect(beginsLikeRequest(bytes, bytes.length)).toBe(expected);
});

const SETTINGS = '\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\x01\0';

test.each([
  [true, SETTINGS, ''],
  [true, SETTINGS, 'PRI * HT'],
  [true, '\0\0\0\x04\0\0\0\0\0', ''],
  [true, `${SETTINGS}\0\0\x04\x08\0\0\0\0\0`, ''],
  [false, SETTINGS, 'GET /'],
  [false, SETTINGS.slice(0, 8), ''],
  [false, '\0\0\x05\x04\0\0\0\0\0', ''],
  [false, '\0\0\0\x04\x01\0\0\0\0', ''],
  [false, '\0\0\0\x04\0\0\0\0\x01', ''],
  [false, '\0\0\x06\x08\0\0\0\0\0', ''],
  [false, 'J\0\0\0\x0a10.11.19-MariaDB', ''],
  [false, '220 mail ready\r\n', ''],
])('an HTTP/2 server greets: %s: %j after %j', (expected, greeting, said) => {
  expect(greetsInH2(Buffer.from(greeting, 'latin1'), Buffer.from(said, 'latin1'))).toBe(expected);
});

test.each([
  ['HTTP/1.1 408 Request Timeout', true],
  ['HTTP/', true],
  ['HTTP', false],
  ['220 HTTP/1.1', false],
  ['', false],
])('upstream that begins with %j answers in HTTP: %s', (text, expected) => {
  const bytes = Buffer.from(`##${text}`);
  expect(beginsLikeResponse(bytes, 2, bytes.length)).toBe(expected);
});
