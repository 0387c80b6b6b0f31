import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fields, SHOWN, shownText } from './fields.ts';
import { RequestHead, readRequestHead } from './request-head.ts';
import { ResponseHead, readResponseHead } from './response-head.ts';

/** Everything that a head says, with texts in place of offsets. */
function told(bytes: Uint8Array, head: RequestHead | ResponseHead): unknown {
  const { kept, spots, ...rest } = head;
  const text = (start: number, end: number) => Buffer.from(bytes).toString('latin1', start, end);
  const shown = Object.values(SHOWN).map((field) => shownText(bytes, head as Fields, field));
  const { hostStart, hostEnd, upgradeToStart, upgradeToEnd, h2SettingsStart, h2SettingsEnd } = rest;
  const texts = [
    text(hostStart, hostEnd),
    text(upgradeToStart, upgradeToEnd),
    text(h2SettingsStart, h2SettingsEnd),
  ];
  return { ...rest, shown, texts };
}

const field = fc.constantFrom(
  'Host: a.example',
  'Host: b.example:80',
  'Content-Length: 3',
  'Content-Length: 7',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'Connection: upgrade, http2-settings',
  'Connection: host',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABk',
  'Expect: 100-continue',
  'Authorization: Bearer one',
  'Authorization: Bearer two',
  'Content-Type: application/json',
  'Location: /orders/17',
  'traceparent: 00-1-2-01',
  `X-Long: ${'x'.repeat(600)}`,
  `X-Longer: ${'x'.repeat(900)}`,
  ' folded',
  'no colon',
);
/** A section that comes again and again, as most do, with others in between. */
const sections = fc
  .array(fc.uniqueArray(field, { maxLength: 5 }), { minLength: 1, maxLength: 3 })
  .chain((few) => fc.array(fc.constantFrom(...few), { minLength: 1, maxLength: 12 }));
const requestLine = fc.constantFrom(
  'GET / HTTP/1.1',
  'GET /orders/17?expand=all HTTP/1.1',
  'GET http://a.example/orders HTTP/1.1',
  'CONNECT a.example:80 HTTP/1.1',
  'POST /orders HTTP/1.0',
  'GET  HTTP/1.1',
);
const statusLine = fc.constantFrom(
  'HTTP/1.1 200 OK',
  'HTTP/1.0 404 Not Found',
  'HTTP/1.1 200',
  'HTTP/1.1 2000',
);

function messages(lines: fc.Arbitrary<string>) {
  const how = fc.record({ line: lines, before: fc.nat(5), cut: fc.option(fc.nat(60)) });
  return fc.tuple(sections, fc.array(how, { minLength: 12, maxLength: 12 })).map(([each, hows]) =>
    each.map((fields, at) => {
      const { line, before, cut } = hows[at] ?? { line: '', before: 0, cut: null };
      const whole = [line, ...fields, '', 'and more'].join('\r\n');
      const head = cut === null ? whole : whole.slice(0, cut);
      return { bytes: Buffer.from('.'.repeat(before) + head, 'latin1'), start: before };
    }),
  );
}

test('a request head reads the same, whatever was read before it', () => {
  fc.assert(
    fc.property(messages(requestLine), fc.boolean(), (all, showing) => {
      const used = new RequestHead();
      used.showing = showing;
      for (const { bytes, start } of all) {
        const fresh = new RequestHead();
        fresh.showing = showing;
        const end = readRequestHead(bytes, start, bytes.length, used);
        expect(end).toBe(readRequestHead(bytes, start, bytes.length, fresh));
        if (end >= 0) expect(told(bytes, used)).toEqual(told(bytes, fresh));
      }
    }),
  );
});

test('so does a response head', () => {
  fc.assert(
    fc.property(messages(statusLine), fc.boolean(), (all, showing) => {
      const used = new ResponseHead();
      used.showing = showing;
      for (const { bytes, start } of all) {
        const fresh = new ResponseHead();
        fresh.showing = showing;
        const end = readResponseHead(bytes, start, bytes.length, used);
        expect(end).toBe(readResponseHead(bytes, start, bytes.length, fresh));
        if (end >= 0) expect(told(bytes, used)).toEqual(told(bytes, fresh));
      }
    }),
  );
});

test('the fields of a connection that is used again are not read again while they are the same', () => {
  const head = new RequestHead();
  const read = (text: string) => {
    const bytes = Buffer.from(text);
    expect(readRequestHead(bytes, 0, bytes.length, head)).toBe(bytes.length);
    return bytes.toString('latin1', head.hostStart, head.hostEnd);
  };
  const same = 'Host: a.example\r\nContent-Length: 3\r\n\r\n';
  read(`GET /1 HTTP/1.1\r\n${same}`);
  read(`GET /2 HTTP/1.1\r\n${same}`);
  // What only reading would put right.
  head.contentLength = 4;
  expect(read(`GET /a/longer/path HTTP/1.1\r\n${same}`)).toBe('a.example');
  expect(head.contentLength).toBe(4);
  expect(read('GET /3 HTTP/1.1\r\nHost: b.example\r\nContent-Length: 3\r\n\r\n')).toBe('b.example');
  expect(head.contentLength).toBe(3);
});
