import { expect, test } from 'vitest';
import { DENY, Playbook, type PlaybookOptions } from '../../testing/playbook.ts';
import { Http1Relay } from './http1-relay.ts';

const play = (options?: PlaybookOptions) => new Playbook((context) => new Http1Relay(context), options);
const GET = 'GET /orders?user=7 HTTP/1.1\r\nHost: orders\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

test.each([
  ['at once', [`${GET}\r\n${GET}`]],
  ['in pieces', [GET, '\r', '\n', GET]],
  ['while a response is due', [`${GET}\r\n`, GET]],
])('an empty line between requests, %s, is none of them', (_, pieces) => {
  const p = play().caller(...pieces);
  p.upstream(OK).upstream(OK);
  expect(p.sentTo('upstream')).toBe(`${GET}\r\n${GET}`);
  expect(p.records.map(({ fault }) => fault)).toEqual(['', '']);
});

test.each([
  ['two empty lines', [GET, '\r\n\r\n', GET], 'bad_method'],
  ['one before the first request', [`\r\n${GET}`], 'bad_method'],
  ['a bare CR', [GET, '\r', GET], 'bare_cr'],
])('%s are malformed', (_, pieces, fault) => {
  const p = play();
  for (const piece of pieces) p.caller(piece).upstream(piece === GET ? OK : '');
  expect(p.records.at(-1)?.fault).toBe(fault);
});

test('nothing goes upstream behind a request that was refused', () => {
  const p = play({ judge: () => DENY }).caller(GET, '\r\n', GET);
  expect(p.sentTo('upstream')).toBe('');
  expect(p.records.map(({ fault }) => fault)).toEqual(['', 'bad_method']);
});
