import type { Decision } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { ALLOW, DENY, Playbook, type PlaybookOptions, UNREADABLE } from '../../testing/playbook.ts';
import { UNGOVERNED } from './exchange.ts';
import { Http1Relay } from './http1-relay.ts';
import { Http2Relay } from './http2-relay.ts';

/** What becomes of a connection that leaves HTTP/1.1. */

const play = (options?: PlaybookOptions) => new Playbook((context) => new Http1Relay(context), options);
const enforced: PlaybookOptions = { unreadable: () => UNREADABLE };

const ask = (protocol: string, fields = '') =>
  `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${fields}\r\n`;
const switched = (protocol: string) => `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocol}\r\n\r\n`;
const WEBSOCKET = ask('websocket');
const CONNECT = 'CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n';
/** As curl sends it: push disabled. */
const H2C = ask('h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n');
const SETTINGS_FRAME = '\0\0\0\x04\0\0\0\0\0';

test('an upgrade turns into a tunnel, early bytes included', () => {
  const p = play().caller(`${WEBSOCKET}early`);
  p.upstream(`${switched('websocket')}frame`).caller('GET / not http');
  expect(p.sentTo('upstream')).toBe(`${WEBSOCKET}earlyGET / not http`);
  expect(p.sentTo('caller')).toBe(`${switched('websocket')}frame`);
  p.upstreamEnds().caller('still open');
  expect(p.sentTo('upstream')).toMatch(/still open$/);
  p.relay.abandon('ok', 9);
  expect(p.records).toMatchObject([{ path: '/ws', status: 101, outcome: 'ok' }]);
});

test('FIN that came with early bytes is carried over behind them', () => {
  const p = play().caller(`${WEBSOCKET}early`).callerEnds().upstream(switched('websocket'));
  expect(p.deeds.slice(-2)).toEqual([{ upstream: 'early' }, 'finish upstream']);
});

test('CONNECT becomes a tunnel only when upstream accepts it', () => {
  const accepted = play().caller(CONNECT).upstream('HTTP/1.1 200 OK\r\n\r\n').caller('\0raw');
  expect(accepted.sentTo('upstream')).toBe(`${CONNECT}\0raw`);
  const refused = play().caller(CONNECT).upstream('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n');
  expect(refused.caller('\0raw').records.at(-1)).toMatchObject({ outcome: 'malformed_request' });
});

test.each([
  ['to something unknown', ask('tcp'), switched('tcp')],
  ['to several layers at once', ask('websocket, tcp'), switched('websocket, tcp')],
  ['to who knows what', WEBSOCKET, 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['named twice', WEBSOCKET, switched('websocket\r\nUpgrade: websocket')],
  ['to h2c without settings', ask('h2c'), switched('h2c')],
  ['to h2c with push enabled', ask('h2c', 'HTTP2-Settings: AAIAAAAB\r\n'), switched('h2c')],
  ['by CONNECT', CONNECT, 'HTTP/1.1 200 OK\r\n\r\n'],
])(
  'where a policy is enforced, a switch %s is refused, and reported where it is audited',
  (_, request, response) => {
    const p = play(enforced).caller(`${request}early`).upstream(`${response}hello`).caller('late');
    expect(p.sentTo('upstream')).toBe(request);
    expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 403 [\s\S]*unreadable_protocol/);
    expect(p.deeds).toContain('drop upstream');
    expect(p.records).toMatchObject([{ outcome: 'denied', status: 403, decision: UNREADABLE }]);

    const decision: Decision = { ...UNREADABLE, verdict: 'would-deny' };
    const audited = play({ unreadable: () => decision })
      .caller(request)
      .upstream(response)
      .caller('late');
    expect(audited.sentTo('upstream')).toBe(`${request}late`);
    audited.relay.abandon('ok', 9);
    expect(audited.records).toMatchObject([{ outcome: 'ok', decision }]);
  },
);

test('where a policy is enforced, an allowed request may become a WebSocket', () => {
  const p = play(enforced).caller(WEBSOCKET).upstream(switched('WebSocket')).caller('frame');
  expect(p.sentTo('upstream')).toBe(`${WEBSOCKET}frame`);
  p.relay.reconsider(5);
  p.caller('more').relay.abandon('ok', 9);
  expect(p.records).toMatchObject([{ outcome: 'ok', decision: ALLOW }]);
});

test('a WebSocket ends when its request is not allowed any more', () => {
  let decision = ALLOW;
  const p = play({ judge: () => decision })
    .caller(WEBSOCKET)
    .upstream(switched('websocket'));
  decision = DENY;
  p.relay.reconsider(5);
  expect(p.deeds.at(-1)).toBe('abort');
  expect(p.records).toMatchObject([{ path: '/ws', status: 101, outcome: 'denied', decision: DENY }]);
});

test('a tunnel ends when its destination becomes one that must be read', () => {
  let decision: Decision = UNGOVERNED;
  const p = play({ unreadable: () => decision })
    .caller(CONNECT)
    .upstream('HTTP/1.1 200 OK\r\n\r\n');
  decision = UNREADABLE;
  p.relay.reconsider(5);
  expect(p.deeds.at(-1)).toBe('abort');
  expect(p.records).toMatchObject([{ method: 'CONNECT', outcome: 'denied', decision: UNREADABLE }]);
});

test('an upgrade to h2c is read on as HTTP/2, the first request as its stream 1', () => {
  const p = play(enforced)
    .caller(H2C)
    .upstream(`${switched('h2c')}${SETTINGS_FRAME}`);
  expect(p.relay).toBeInstanceOf(Http2Relay);
  p.caller(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SETTINGS_FRAME}`);
  expect(p.sentTo('upstream')).toContain(`${H2C}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0`);
  // HEADERS of stream 1: `:status: 200`, end of stream.
  p.upstream('\0\0\x01\x01\x05\0\0\0\x01\x88');
  expect(p.records).toMatchObject([{ path: '/ws', status: 200, outcome: 'ok', decision: ALLOW }]);
});

test('after an upgrade to h2c every further stream is judged', () => {
  const p = play({ ...enforced, judge: (_, path) => (path === '/ws' ? ALLOW : DENY) });
  p.caller(H2C).upstream(switched('h2c') + SETTINGS_FRAME);
  // HEADERS of stream 3: `:method: GET`, `:scheme: http`, `:path: /`.
  p.caller(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SETTINGS_FRAME}\0\0\x03\x01\x05\0\0\0\x03\x82\x86\x84`);
  expect(p.judged).toEqual(['GET /ws', 'GET /']);
  expect(p.sentTo('upstream')).not.toContain('\x82\x86\x84');
});

test('a server that reads no upgrade out of the request is none the wiser', () => {
  const p = play(enforced).caller(H2C).upstream('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  expect(p.records).toMatchObject([{ status: 200, outcome: 'ok' }]);
});

test('a tunnel is judged by the host in its target, and by no other name', () => {
  const options: PlaybookOptions = {
    judge: (_method, _path, host) => (host === 'api.example.com:443' ? ALLOW : DENY),
    unread: () => DENY,
  };
  const request = (target: string, host: string) => `CONNECT ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const allowed = play(options).caller(request('api.example.com:443', 'any'));
  allowed.upstream('HTTP/1.1 200 OK\r\n\r\n').caller('\x16\x03');
  expect(allowed.sentTo('upstream').endsWith('\x16\x03')).toBe(true);
  const denied = play(options).caller(request('evil.example:443', 'api.example.com:443'));
  expect(denied.sentTo('upstream')).toBe('');
  expect(denied.records).toMatchObject([{ host: 'evil.example:443', outcome: 'denied', decision: DENY }]);
});
