import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { type Fault, faultOf, NEED_MORE } from './fault.ts';
import { SHOWN, shownText } from './fields.ts';
import { RequestHead, readRequestHead } from './request-head.ts';

const head = new RequestHead();
const read = (text: string): number => {
  const bytes = Buffer.from(text, 'latin1');
  return readRequestHead(bytes, 0, bytes.length, head);
};

describe('accepted', () => {
  test.each<[string, Partial<RequestHead>]>([
    [
      'GET /a/b?c=d HTTP/1.1\r\nHost: x\r\n\r\n',
      { method: 'GET', path: '/a/b', minor: 1, contentLength: -1 },
    ],
    ['GET / HTTP/1.0\r\n\r\n', { minor: 0, hostStart: 0 }],
    ['PURGE / HTTP/1.1\r\nhOsT:x:80\r\n\r\n', { method: 'PURGE', hostStart: 23, hostEnd: 27 }],
    ['OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', { path: '*' }],
    ['CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\nContent-Length: 0\r\n\r\n', { method: 'CONNECT' }],
    ['CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n', { method: 'CONNECT', path: '' }],
    ['GET http://x/p?q HTTP/1.1\r\nHost: X\r\n\r\n', { path: '/p' }],
    ['GET http://x HTTP/1.1\r\nHost: x\r\n\r\n', { path: '/' }],
    ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length:  42 \r\n\r\n', { contentLength: 42 }],
    ['GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n', { chunked: true }],
    ['GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, CLOSE\r\n\r\n', { upgrade: true, close: true }],
    ['GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n', { keepAlive: true, close: false }],
    ['GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n\r\n', { expectContinue: true }],
    ['GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\nX: \xff\r\n\r\n', { path: '/\xc3\xa9' }],
    ['GET / HTTP/1.1\r\nHost:\r\nEmpty:\r\n\r\n', { method: 'GET' }],
  ])('%j', (text, expected) => {
    expect(read(text)).toBe(text.length);
    expect(head).toMatchObject(expected);
  });

  test.each([
    ['GET /a HTTP/1.1\r\nHost: x:80\r\n\r\n', 'x:80'],
    ['CONNECT db:5432 HTTP/1.1\r\nHost: other\r\n\r\n', 'db:5432'],
    ['GET http://x:80/p?q HTTP/1.1\r\nHost: X:80\r\n\r\n', 'x:80'],
    ['GET http://x:80/p?q HTTP/1.1\r\nHost: X\r\n\r\n', 'x:80'],
    ['GET https://x/p?q HTTP/1.1\r\nHost: X:443\r\n\r\n', 'x'],
    ['GET / HTTP/1.1\r\nHost:\r\n\r\n', ''],
    ['OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n', ''],
    ['GET http://y/p HTTP/1.0\r\n\r\n', 'y'],
    ['GET / HTTP/1.0\r\n\r\n', ''],
  ])('the host of %j', (text, host) => {
    expect(read(text)).toBe(text.length);
    expect(text.slice(head.hostStart, head.hostEnd)).toBe(host);
  });

  test.each([
    ['GET /a?b=c?d HTTP/1.1\r\nHost: x\r\n\r\n', 'b=c?d'],
    ['GET /a? HTTP/1.1\r\nHost: x\r\n\r\n', ''],
    ['GET http://x?q HTTP/1.1\r\nHost: x\r\n\r\n', 'q'],
    ['GET /a HTTP/1.1\r\nHost: x\r\n\r\n', ''],
  ])('the query of %j', (text, query) => {
    read(text);
    expect(text.slice(head.queryStart, head.queryEnd)).toBe(query);
  });

  test('what guards are shown, when they are: each field once, whatever else has a name of that length', () => {
    const names = Object.keys(SHOWN);
    const fields = names.map(
      (name, at) => `${name.toUpperCase()}: ${at}\r\n${name}: again\r\n${name.replace(/./, 'z')}: other\r\n`,
    );
    const text = `GET / HTTP/1.1\r\nHost: x\r\n${fields.join('')}\r\n`;
    const values = () => Object.values(SHOWN).map((field) => shownText(Buffer.from(text), head, field));
    read(text);
    expect(values()).toEqual(names.map(() => ''));
    head.showing = true;
    read(text);
    expect(values()).toEqual(names.map((_, at) => String(at)));
    read('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(values()).toEqual(names.map(() => ''));
    head.showing = false;
  });

  test('a guess of what guards are shown is only taken where it is right', () => {
    const text = 'GET / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\r\n';
    head.showing = true;
    read(text);
    const type = (likely: string) => shownText(Buffer.from(text), head, SHOWN['content-type'], likely);
    for (const likely of ['text/plain', 'text/plaim', 'text/plai', 'text/plain;', 'Text/plain', ''])
      expect(type(likely)).toBe('text/plain');
    read('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(type('text/plain')).toBe('');
    head.showing = false;
  });

  test('every proper prefix of a head needs more', () => {
    const text = 'POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nX-Y:  z \r\n\r\n';
    for (let length = 0; length < text.length; length++) expect(read(text.slice(0, length))).toBe(NEED_MORE);
    expect(read(`${text}abc`)).toBe(text.length);
  });
});

describe('refused', () => {
  const withHost = (fields: string): string => `GET / HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`;
  test.each<[Fault, string]>([
    ['bad_method', '\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_method', 'G(T / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_method', ' GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_target', 'GET  / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_target', 'GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_target', 'GET orders HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_target', 'GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['missing_host', 'CONNECT x:80 HTTP/1.1\r\n\r\n'],
    ['content_in_connect', 'CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\nContent-Length: 3\r\n\r\n'],
    ['content_in_connect', 'CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['bad_target', 'CONNECT /x HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_target', 'GET http://u@x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_version', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n'],
    ['bad_version', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n'],
    ['bad_version', 'GET / http/1.1\r\nHost: x\r\n\r\n'],
    ['bad_version', 'GET / HTTP/1.1 \r\nHost: x\r\n\r\n'],
    ['bare_lf', 'GET / HTTP/1.1\nHost: x\r\n\r\n'],
    ['bare_cr', 'GET / HTTP/1.1\rHost: x\r\n\r\n'],
    ['bare_lf', withHost('A: b\nC: d')],
    ['bare_cr', withHost('A: b\rC: d')],
    ['bad_field_value', withHost('A: b\0')],
    ['obs_fold', withHost('A: b\r\n c')],
    ['obs_fold', withHost('A: b\r\n\tc')],
    ['bad_field_name', withHost('A : b')],
    ['bad_field_name', withHost(': b')],
    ['bad_field_name', withHost('A b')],
    ['repeated_content_length', withHost('Content-Length: 1\r\nContent-Length: 1')],
    ['bad_content_length', withHost('Content-Length: 1, 1')],
    ['bad_content_length', withHost('Content-Length: +1')],
    ['bad_content_length', withHost('Content-Length: 0x1')],
    ['bad_content_length', withHost('Content-Length:')],
    ['bad_content_length', withHost(`Content-Length: ${'9'.repeat(16)}`)],
    ['bad_content_length', withHost('Content-Length:\t3')],
    ['bad_content_length', withHost('Content-Length: 3 \t')],
    ['bad_transfer_encoding', withHost('Transfer-Encoding: \tchunked')],
    ['bad_transfer_encoding', withHost('Transfer-Encoding: chunked \t ')],
    ['length_and_encoding', withHost('Content-Length: 1\r\nTransfer-Encoding: chunked')],
    ['length_and_encoding', withHost('Transfer-Encoding: chunked\r\nContent-Length: 1')],
    ['bad_transfer_encoding', withHost('Transfer-Encoding: gzip, chunked')],
    ['bad_transfer_encoding', withHost('Transfer-Encoding: identity')],
    ['bad_transfer_encoding', withHost('Transfer-Encoding: \x0bchunked').replace('\x0b', 'x')],
    ['bad_transfer_encoding', withHost('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked')],
    ['encoding_in_http10', 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['missing_host', 'GET / HTTP/1.1\r\n\r\n'],
    ['repeated_host', withHost('Host: x')],
    ['bad_host', 'GET / HTTP/1.1\r\nHost: x y\r\n\r\n'],
    ['bad_connection', withHost('Connection: close, Content-Length')],
    ['bad_connection', withHost('Connection: transfer-encoding')],
    ['bad_connection', withHost('Connection: x\r\nConnection:\tHOST')],
    ['bad_host', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n'],
    ['bad_host', 'GET / HTTP/1.1\r\nHost: :80\r\n\r\n'],
    ['bad_host', 'GET / HTTP/1.0\r\nHost::\r\n\r\n'],
    ['bad_target', 'GET http:/// HTTP/1.1\r\nHost:\r\n\r\n'],
    ['bad_target', 'GET http://:80/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_target', 'CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_target', 'CONNECT x: HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['bad_target', 'CONNECT :80 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['host_mismatch', 'GET http://x/ HTTP/1.1\r\nHost:\r\n\r\n'],
    ['host_mismatch', 'GET http://x/ HTTP/1.1\r\nHost: x:443\r\n\r\n'],
    ['host_mismatch', 'GET http://x/ HTTP/1.1\r\nHost: y\r\n\r\n'],
  ])('%s: %j', (fault, text) => {
    const code = read(text);
    expect(code).toBeLessThan(NEED_MORE);
    expect(faultOf(code)).toBe(fault);
  });
});
