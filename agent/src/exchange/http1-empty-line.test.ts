import fc from 'fast-check';
import { expect, test } from 'vitest';
import { piecesOf } from '../../testing/h2/wire-frames.ts';
import { DENY, Playbook, type PlaybookOptions, UNREADABLE } from '../../testing/playbook.ts';
import { Detector } from './detector.ts';
import { Http1Relay } from './http1-relay.ts';

/** RFC 9112 §2.2: a server ignores an empty line before a request, and callers are to send none. */

const play = (options?: PlaybookOptions) => new Playbook((context) => new Http1Relay(context), options);
const GET = 'GET /orders?user=7 HTTP/1.1\r\nHost: orders\r\n\r\n';
const POST = 'POST /orders HTTP/1.1\r\nHost: orders\r\nContent-Length: 3\r\n\r\nabc';
const ADMIN = 'POST /admin HTTP/1.1\r\nHost: orders\r\nContent-Length: 3\r\n\r\nabc';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const judge = (_: string, path: string) =>
  path === '/admin'
    ? DENY
    : { verdict: 'allow' as const, reason: 'allowed_by_rule' as const, policy: 'shop/p', rule: 'r' };

test.each([
  ['at once', [`${GET}\r\n${GET}`]],
  ['in pieces', [GET, '\r', '\n', GET]],
  ['while a response is due', [`${GET}\r\n`, GET]],
  ['before the first one', [`\r\n${GET}`, GET]],
  ['before each of them', ['\r\n', GET, '\r\n', GET]],
])('an empty line between requests, %s, is none of them, and stays here', (_, pieces) => {
  const p = play().caller(...pieces);
  p.upstream(OK).upstream(OK);
  expect(p.sentTo('upstream')).toBe(`${GET}${GET}`);
  expect(p.records.map(({ fault }) => fault)).toEqual(['', '']);
});

test.each([
  ['two empty lines', [GET, '\r\n\r\n', GET], 'bad_method'],
  ['two before the first request', [`\r\n\r\n${GET}`], 'bad_method'],
  ['a bare CR', [GET, '\r', GET], 'bare_cr'],
  ['a bare CR before the first request', [`\r${GET}`], 'bare_cr'],
  ['a bare LF', [GET, '\n', GET], 'bare_lf'],
  ['an empty line with a space in it', [` \r\n${GET}`], 'bad_method'],
])('%s are malformed', (_, pieces, fault) => {
  const p = play();
  for (const piece of pieces) p.caller(piece).upstream(piece === GET ? OK : '');
  expect(p.records.at(-1)?.fault).toBe(fault);
  expect(p.sentTo('upstream')).toBe(pieces[0] === GET ? GET : '');
});

test('behind a request that was denied it is none either, and nothing goes upstream', () => {
  const p = play({ judge }).caller(ADMIN, '\r\n', ADMIN, '\r', '\n');
  expect(p.sentTo('upstream')).toBe('');
  p.caller(GET).upstream(OK).caller('\r\n', ADMIN, '\r\n', GET).upstream(OK);
  expect(p.sentTo('upstream')).toBe(`${GET}${GET}`);
  expect(p.records.map(({ path, fault }) => `${path}${fault}`)).toEqual([
    '/admin',
    '/admin',
    '/orders',
    '/admin',
    '/orders',
  ]);
});

test('a connection that has sent one is as idle as before', () => {
  const p = play().caller(POST).upstream(OK).caller('\r\n');
  expect(p.relay.idle).toBe(true);
  p.callerEnds();
  expect(p.deeds.at(-1)).toBe('finish upstream');
  expect(p.records).toHaveLength(1);
});

test('where a server is only looked at it goes on, with what else is there', () => {
  const p = play({ observing: true })
    .caller(GET)
    .upstream(OK)
    .caller('\r\n', GET)
    .upstream(OK)
    .caller('\r', '!');
  expect(p.sentTo('upstream')).toBe(`${GET}\r\n${GET}\r!`);
});

test('HTTP is known behind it', () => {
  const detect = (options?: PlaybookOptions) => new Playbook((context) => new Detector(context), options);
  const enforced = { unreadable: () => UNREADABLE, judge };
  expect(detect(enforced).caller('\r', '\n', 'G', GET.slice(1)).upstream(OK).sentTo('upstream')).toBe(GET);
  expect(detect(enforced).caller(`\r\n${ADMIN}`).records).toMatchObject([
    { path: '/admin', outcome: 'denied' },
  ]);
  expect(detect().caller('\r\nHELLO\r\n').sentTo('upstream')).toBe('\r\nHELLO\r\n');
});

test('however requests and empty lines come in pieces, upstream gets the same, and the same is recorded', () => {
  const line = fc.constantFrom('', '', '\r\n', '\r\n\r\n', '\r', '\n');
  const said = fc.array(fc.tuple(line, fc.constantFrom(GET, POST, ADMIN)), { minLength: 1, maxLength: 5 });
  const whole = (text: string, cuts: readonly number[]) => {
    const p = play({ judge });
    for (const piece of piecesOf(Buffer.from(text, 'latin1'), cuts)) p.caller(piece);
    for (let at = 0; at < 6; at++) if (p.sentTo('upstream').split('HTTP/1.1').length - 1 > at) p.upstream(OK);
    return { upstream: p.sentTo('upstream'), records: p.records.map(({ path, fault }) => [path, fault]) };
  };
  fc.assert(
    fc.property(said, fc.array(fc.nat(600), { maxLength: 12 }), (parts, cuts) => {
      const text = parts.map(([before, request]) => before + request).join('');
      const { upstream, records } = whole(text, []);
      expect(whole(text, cuts)).toEqual({ upstream, records });
      expect(upstream.replaceAll(GET, '').replaceAll(POST, '')).toBe('');
    }),
  );
});
