import type { Decision } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { ALLOW, DENY, Playbook, UNREADABLE } from '../../testing/playbook.ts';
import { RecordingWatcher } from '../../testing/recording-watch.ts';
import { Detector } from './detector.ts';
import { UNGOVERNED } from './exchange.ts';
import { Http1Relay } from './http1-relay.ts';
import { Http2Relay } from './http2-relay.ts';

const play = (unreadable: () => Decision = () => UNGOVERNED) =>
  new Playbook((context) => new Detector(context), { unreadable });
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('HTTP is handed on with the bytes that gave it away', () => {
  const p = play().caller('GE', 'T / HT', 'TP/1.1\r\nHost: a\r\n\r\n');
  expect(p.relay).toBeInstanceOf(Http1Relay);
  expect(p.sentTo('upstream')).toBe(GET);
});

test('a server that speaks first makes it opaque at once', () => {
  const p = play().upstream('220 mail ready\r\n').caller('HELO me\r\n');
  expect(p.deeds).toEqual([{ caller: '220 mail ready\r\n' }, { upstream: 'HELO me\r\n' }]);
  p.relay.abandon('ok', 9);
  expect(p.records).toMatchObject([{ protocol: 'opaque', decision: { verdict: 'allow' } }]);
});

const SETTINGS = '\0\0\0\x04\0\0\0\0\0';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

test.each([
  ['before the caller has spoken', '', PREFACE + SETTINGS],
  ['amid the preface', PREFACE.slice(0, 7), PREFACE.slice(7) + SETTINGS],
])('an HTTP/2 server that sends its SETTINGS %s is none that greets', (_, before, after) => {
  const p = play(() => UNREADABLE)
    .caller(before)
    .upstream(SETTINGS)
    .caller(after);
  expect(p.relay).toBeInstanceOf(Http2Relay);
  expect(p.sentTo('caller')).toBe(SETTINGS);
  expect(p.sentTo('upstream').slice(0, PREFACE.length)).toBe(PREFACE);
});

test('a first line that never ends is opaque once it is too long', () => {
  expect(play().caller('GET key'.padEnd(8193, 'a')).sentTo('upstream')).toHaveLength(8193);
});

test.each(['no', 'enforce'] as const)('one that began as a request is answered, governed: %s', (governed) => {
  const p = new Playbook((context) => new Detector(context), { governed, unreadable: () => UNREADABLE });
  p.caller('GET /'.padEnd(5_000, 'a'), 'a'.repeat(5_000));
  expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 431 /);
  expect(p.sentTo('upstream')).toBe('');
  expect(p.records).toMatchObject([
    { protocol: 'http1', outcome: 'malformed_request', fault: 'head_too_large' },
  ]);
});

test('a stalled first line passes as opaque when nothing is enforced', () => {
  const p = play().caller('GET key');
  p.relay.expire(5);
  expect(p.deeds).toEqual([{ upstream: 'GET key' }]);
});

const declared = (governed: 'no' | 'audit' | 'enforce', unreadable: Decision) =>
  new Playbook((context) => new Detector(context), {
    declaredOpaque: true,
    governed,
    unreadable: () => unreadable,
  });

test('what nobody is to read passes from the first byte on, HTTP too', () => {
  const p = declared('no', UNGOVERNED);
  p.relay.reconsider(1);
  p.caller('GET / HT').upstream('hello');
  expect(p.deeds).toEqual([{ upstream: 'GET / HT' }, { caller: 'hello' }]);
  p.relay.abandon('ok', 9);
  expect(p.records).toMatchObject([{ protocol: 'opaque', declaredOpaque: true, outcome: 'ok' }]);
});

test('what nobody is to read passes where a policy only audits, and is reported', () => {
  const p = declared('audit', { ...UNREADABLE, verdict: 'would-deny' });
  p.relay.reconsider(1);
  p.caller('x');
  p.relay.abandon('ok', 9);
  expect(p.deeds).toEqual([{ upstream: 'x' }]);
  expect(p.records).toMatchObject([{ decision: { verdict: 'would-deny', reason: 'unreadable_protocol' } }]);
});

test('an enforced policy looks all the same: HTTP is judged, the rest refused', () => {
  const http = declared('enforce', UNREADABLE);
  http.relay.reconsider(1);
  expect(http.caller(GET).judged).toEqual(['GET /']);
  const redis = declared('enforce', UNREADABLE);
  redis.relay.reconsider(1);
  redis.caller('PING\r\n');
  expect(redis.deeds).toEqual(['abort']);
  expect(redis.records).toMatchObject([{ declaredOpaque: true, decision: UNREADABLE }]);
});

test('a declaration that comes late lets go what was held, and a policy that comes later ends it', () => {
  let options = {
    declaredOpaque: false,
    governed: 'no' as 'no' | 'enforce',
    decision: UNGOVERNED as Decision,
  };
  const p = new Playbook((context) => new Detector(context), {
    get declaredOpaque() {
      return options.declaredOpaque;
    },
    get governed() {
      return options.governed;
    },
    unreadable: () => options.decision,
    // A rule that lets opaque bytes pass says nothing of bytes that nobody has looked at.
    unread: () => UNGOVERNED,
  });
  p.caller('GET ke');
  p.relay.reconsider(2);
  expect(p.deeds).toEqual([]);
  options = { ...options, declaredOpaque: true };
  p.relay.reconsider(3);
  expect(p.deeds).toEqual([{ upstream: 'GET ke' }]);
  options = { ...options, governed: 'enforce', decision: UNREADABLE };
  p.relay.reconsider(4);
  expect(p.deeds.at(-1)).toBe('abort');
  expect(p.records).toMatchObject([{ outcome: 'denied' }]);
});

const UNREADABLE_STARTS: [string, (p: Playbook) => void][] = [
  ['opaque bytes', (p) => p.caller('PING\r\n')],
  ['TLS', (p) => p.caller('\x16\x03\x01')],
  ['a server that speaks first', (p) => p.upstream('hello')],
  ['a first line that stalls', (p) => p.caller('G').relay.expire(5)],
  ['a first line that breaks off', (p) => p.caller('G').callerEnds()],
];

test.each(UNREADABLE_STARTS)('where a policy is enforced, %s is refused and no byte passes', (_, act) => {
  const p = play(() => UNREADABLE);
  act(p);
  p.caller('more').upstream('more');
  expect(p.deeds).toEqual(['abort']);
  expect(p.records).toMatchObject([{ outcome: 'denied', decision: UNREADABLE }]);
});

test.each(UNREADABLE_STARTS)('where a policy is audited, %s passes and is reported', (_, act) => {
  const decision = { ...UNREADABLE, verdict: 'would-deny' } as const;
  const p = play(() => decision);
  act(p);
  p.relay.abandon('ok', 9);
  expect(p.deeds).not.toContain('abort');
  expect(p.records).toMatchObject([{ outcome: 'ok', decision }]);
});

test('a policy that comes while the caller is silent is in force for its first bytes', () => {
  let decision: Decision = UNGOVERNED;
  const p = play(() => decision);
  decision = UNREADABLE;
  expect(p.caller('PING\r\n').deeds).toEqual(['abort']);
});

test('a policy that comes later ends an opaque connection, and names itself', () => {
  let decision: Decision = UNGOVERNED;
  const p = play(() => decision).caller('PING\r\n');
  p.relay.reconsider(2);
  expect(p.deeds).toEqual([{ upstream: 'PING\r\n' }]);
  decision = UNREADABLE;
  p.relay.reconsider(3);
  p.relay.reconsider(4);
  expect(p.deeds.slice(1)).toEqual(['abort']);
  expect(p.records).toMatchObject([{ outcome: 'denied', decision: UNREADABLE }]);
});

/** As an enforced EgressPolicy says it that allows this destination by its address. */
const byAddress = () =>
  new Playbook((context) => new Detector(context), { unread: () => ALLOW, unreadable: () => UNREADABLE });

test.each([
  [
    'a server that speaks first',
    (p: Playbook) => p.upstream('220 ready\r\n').caller('HELO me\r\n'),
    'HELO me\r\n',
  ],
  ['opaque bytes', (p: Playbook) => p.caller('*1\r\n$4\r\nPING\r\n'), '*1\r\n$4\r\nPING\r\n'],
])('%s may pass where the address alone allows it', (_, act, sent) => {
  const p = act(byAddress());
  p.relay.reconsider(3);
  expect(p.sentTo('upstream')).toBe(sent);
  p.relay.abandon('ok', 9);
  expect(p.records).toMatchObject([{ protocol: 'opaque', decision: ALLOW, outcome: 'ok' }]);
});

test.each<[string, (p: Playbook) => void]>([
  ['a first line that stalls', (p) => p.caller('GE').relay.expire(5)],
  ['a first line that breaks off', (p) => p.caller('GE').callerEnds()],
  ['a first line that never ends', (p) => p.caller('GET key'.padEnd(8193, 'a'))],
  ['a server that speaks into a first line', (p) => p.caller('GE').upstream('hi')],
])('%s may not: it could hide a request that is denied', (_, act) => {
  const p = byAddress();
  act(p);
  p.caller('T /secret HTTP/1.1\r\n\r\n');
  expect(p.deeds).toEqual(['abort']);
  expect(p.records).toMatchObject([{ outcome: 'denied', decision: UNREADABLE }]);
});

test('what is denied whatever is said is refused before anything is', () => {
  let atConnect: Decision | null = null;
  const p = new Playbook((context) => new Detector(context), { atConnect: () => atConnect });
  p.relay.reconsider(2);
  expect(p.deeds).toEqual([]);
  atConnect = DENY;
  p.relay.reconsider(3);
  p.relay.reconsider(4);
  p.caller(GET).upstream('hello');
  expect(p.deeds).toEqual(['abort']);
  expect(p.records).toMatchObject([{ protocol: 'unknown', outcome: 'denied', decision: DENY }]);
});

test('a port check on an enforced destination is no denial', () => {
  const p = play(() => UNREADABLE).callerEnds();
  expect(p.deeds).toEqual(['drop upstream', 'finish caller']);
  expect(p.records).toMatchObject([{ outcome: 'ok' }]);
});

test('a connection that stays silent is ended by its deadline', () => {
  const p = play();
  p.relay.expire(5);
  expect(p.deeds).toEqual(['abort']);
  expect(p.records).toMatchObject([{ outcome: 'timeout' }]);
});

test.each<[string, string[], (p: Playbook) => void]>([
  ['HTTP', ['http1'], (p) => p.caller(GET, GET)],
  ['HTTP/2', ['h2'], (p) => p.caller(PREFACE)],
  ['TLS', ['tls'], (p) => p.caller('\x16\x03\x01')],
  ['opaque bytes', ['opaque'], (p) => p.caller('PING\r\n', 'PING\r\n')],
  ['a greeting', ['opaque'], (p) => p.upstream('220 ready\r\n')],
  ['a first line that stalls', ['opaque'], (p) => p.caller('GET k').relay.expire(5)],
  ['nothing, as a port check', [], (p) => p.callerEnds()],
  [
    'nothing, until upstream gives up',
    [],
    (p) => p.upstream('HTTP/1.1 408 Request Timeout\r\n').upstreamEnds(),
  ],
])('%s is told to guards, refused or not', (_, spoken, act) => {
  for (const unreadable of [UNGOVERNED, UNREADABLE]) {
    const watcher = new RecordingWatcher();
    act(new Playbook((context) => new Detector(context), { watcher, unreadable: () => unreadable }));
    expect(watcher.spoken).toEqual(spoken);
  }
});

test('guards are not told of what nobody looked at', () => {
  const watcher = new RecordingWatcher();
  const p = new Playbook((context) => new Detector(context), {
    watcher,
    declaredOpaque: true,
    governed: 'no',
  });
  p.relay.reconsider(1);
  p.caller('x');
  expect(watcher.spoken).toEqual([]);
});
