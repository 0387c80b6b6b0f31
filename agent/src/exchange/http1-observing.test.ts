import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Playbook } from '../../testing/playbook.ts';
import { Http1Relay } from './http1-relay.ts';

const RUNS = Number(process.env['EASTWALL_FUZZ_RUNS'] ?? 3_000);
const GET = 'GET /orders/17 HTTP/1.1\r\nHost: orders\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const play = () =>
  new Playbook((context) => new Http1Relay(context), { observing: true, limits: { maxHeadBytes: 256 } });

describe('where it is only looked at, what can not be read passes all the same', () => {
  test.each([
    ['without a host', 'GET / HTTP/1.1\r\n\r\n'],
    ['with a field that is none', 'GET / HTTP/1.1\r\nHost: a\r\nno field\r\n\r\n'],
    ['whose head is too long', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(300)}\r\n\r\n`],
    ['whose head is too long before it ends', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(300)}`],
    ['whose body is none', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz'],
  ])('a request %s', (_, request) => {
    const p = play().caller(request, 'and on').upstream('an answer');
    expect(p.deeds).toEqual([{ upstream: `${request}and on` }, { caller: 'an answer' }]);
    p.callerEnds().upstreamEnds();
    expect(p.deeds.slice(2)).toEqual(['finish upstream', 'finish caller']);
  });

  test('a request that breaks off in its head, with the FIN after it', () => {
    const p = play().caller(GET).upstream(OK).caller('GET / HT').callerEnds();
    expect(p.deeds.slice(2)).toEqual([{ upstream: 'GET / HT' }, 'finish upstream']);
  });

  test.each([
    ['a response without a status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a response whose body is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz'],
    ['a switch that nobody has asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['more than the response', `${OK}and on`],
  ])('%s', (_, response) => {
    const p = play().caller(GET, GET).upstream(response, 'and on').caller('more');
    expect(p.sentTo('caller')).toBe(`${response}and on`);
    expect(p.sentTo('upstream')).toBe(`${GET}${GET}more`);
  });

  test('what a server says although nobody has asked', () => {
    const timeout = 'HTTP/1.1 408 Request Timeout\r\n\r\n';
    const p = play().caller(GET).upstream(OK).upstream(timeout).upstreamEnds();
    expect(p.deeds.slice(1)).toEqual([{ caller: `${OK}${timeout}` }, 'finish caller']);
  });

  test('a response that breaks off in its head', () => {
    const p = play().caller(GET).upstream('HTTP/1.1 2').upstreamEnds();
    expect(p.deeds.slice(1)).toEqual([{ caller: 'HTTP/1.1 2' }, 'finish caller']);
  });

  test('and is one record, whatever came before', () => {
    const p = play().caller(GET).upstream(OK).caller('GET / HTTP/1.1\r\n\r\n').upstream(OK);
    p.relay.abandon('ok', p.now);
    expect(p.records.map(({ protocol, fault }) => [protocol, fault])).toEqual([
      ['http1', ''],
      ['opaque', 'missing_host'],
    ]);
  });
});

const request = fc.constantFrom(
  GET,
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
);
const response = fc.constantFrom(OK, 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n');
/** One or the other, or what is left of it when something was put into it. */
const said = (message: fc.Arbitrary<string>) =>
  fc
    .tuple(message, fc.nat(60), fc.constantFrom('', '', '\r\n', '\0', 'x', ' : '))
    .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at));
const step = fc.oneof(
  said(request).map((text) => ({ by: 'caller' as const, text })),
  said(response).map((text) => ({ by: 'upstream' as const, text })),
);

test('each side gets what the other one has said, in its order, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), (steps, size) => {
      const p = play();
      const told = { caller: '', upstream: '' };
      for (const { by, text } of steps)
        for (let at = 0; at < text.length; at += size) {
          told[by] += text.slice(at, at + size);
          p[by](text.slice(at, at + size));
        }
      expect(told.upstream.startsWith(p.sentTo('caller'))).toBe(true);
      expect(told.caller.startsWith(p.sentTo('upstream'))).toBe(true);
      expect(p.deeds).not.toContain('abort');
      expect(p.deeds).not.toContain('drop upstream');
      if (p.relay instanceof Http1Relay) return;
      expect(told).toEqual({ caller: p.sentTo('upstream'), upstream: p.sentTo('caller') });
    }),
    { numRuns: RUNS },
  );
});
