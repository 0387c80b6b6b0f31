import { expect, test } from 'vitest';
import { headers } from '../../testing/h2/relay-playbook.ts';
import { ALLOW, DENY, Playbook, type PlaybookOptions, UNREADABLE } from '../../testing/playbook.ts';
import { Http2Relay } from './http2-relay.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const SETTINGS_FRAME = '\0\0\0\x04\0\0\0\0\0';

const ask = (streamId: number, method: string, authority: string, path: string | null) =>
  headers(streamId, [
    [':method', method],
    ...(path === null
      ? []
      : ([
          [':scheme', 'http'],
          [':path', path],
        ] as [string, string][])),
    [':authority', authority],
  ]);

test('each stream is judged by its own authority, a CONNECT by the one it asks for', () => {
  const asked: string[] = [];
  const p = new Playbook((context) => new Http2Relay(context), {
    judge: (method, path, host) => {
      asked.push(`${method} ${host} ${path}`);
      return host.startsWith('api.') ? ALLOW : DENY;
    },
  });
  p.caller(`${PREFACE}${SETTINGS_FRAME}`, ask(1, 'GET', 'api.example.com:8080', '/a?b'));
  p.caller(ask(3, 'GET', 'evil.example', '/a'), ask(5, 'CONNECT', 'db.example:5432', null));
  expect(asked).toEqual(['GET api.example.com:8080 /a', 'GET evil.example /a', 'CONNECT db.example:5432 ']);
  p.relay.abandon('caller_reset', 9);
  expect(p.records.map(({ host, outcome }) => [host, outcome])).toEqual([
    ['evil.example', 'denied'],
    ['db.example:5432', 'denied'],
    ['api.example.com:8080', 'caller_reset'],
  ]);
});

test('the trace of a request is noted where somebody wants to know', () => {
  const tell = (traced: boolean) => {
    const p = new Playbook((context) => new Http2Relay(context), { judge: () => DENY, traced });
    const head = headers(1, [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/a'],
      [':authority', 'api.example'],
      ['traceparent', '00-x'],
    ]);
    p.caller(`${PREFACE}${SETTINGS_FRAME}`, head);
    return p.records.map(({ traceparent }) => traceparent);
  };
  expect(tell(true)).toEqual(['00-x']);
  expect(tell(false)).toEqual([undefined]);
});

test('an extended CONNECT (RFC 8441) to a protocol that nobody reads is refused where a policy would have to read it', () => {
  const ask = (id: number, protocol: string) =>
    headers(
      id,
      [
        [':method', 'CONNECT'],
        [':scheme', 'http'],
        [':path', '/chat'],
        [':authority', 'api.example'],
        [':protocol', protocol],
      ],
      { end: false },
    );
  const tell = (options: PlaybookOptions) => {
    const p = new Playbook((context) => new Http2Relay(context), options);
    p.caller(`${PREFACE}${SETTINGS_FRAME}`, ask(1, 'websocket'), ask(3, 'other'));
    p.relay.abandon('caller_reset', 9);
    return p.records.map(({ decision, outcome }) => `${outcome} ${decision.reason}`);
  };
  // A WebSocket belongs to the operation that was allowed, as in HTTP/1.1.
  expect(tell({ judge: () => ALLOW, unreadable: () => UNREADABLE })).toEqual([
    'denied unreadable_protocol',
    'caller_reset allowed_by_rule',
  ]);
  expect(tell({ judge: () => ALLOW })).toEqual([
    'caller_reset allowed_by_rule',
    'caller_reset allowed_by_rule',
  ]);
});

test('a policy that comes to be enforced ends tunnels that it does not allow, and nothing else', () => {
  let enforced = false;
  const p = new Playbook((context) => new Http2Relay(context), {
    judge: () => (enforced ? DENY : ALLOW),
  });
  p.caller(
    `${PREFACE}${SETTINGS_FRAME}`,
    ask(1, 'GET', 'api.example', '/a'),
    ask(3, 'CONNECT', 'db:1', null),
  );
  p.upstream(SETTINGS_FRAME);
  p.relay.reconsider(5);
  expect(p.records).toEqual([]);
  enforced = true;
  p.relay.reconsider(6);
  expect(p.records).toMatchObject([{ method: 'CONNECT', outcome: 'denied', decision: DENY }]);
  const cancelled = '\0\0\x04\x03\0\0\0\0\x03\0\0\0\x08';
  expect([p.sentTo('caller'), p.sentTo('upstream')].map((text) => text.includes(cancelled))).toEqual([
    true,
    true,
  ]);
  p.relay.reconsider(7);
  p.relay.abandon('caller_reset', 9);
  expect(p.records).toHaveLength(2);
});

test('a connection that ends for a mistake leaves a record, and one for each stream that it takes with it', () => {
  const tooLarge = '\xff\xff\xff\x00\0\0\0\0\x01';
  const p = () => new Playbook((context) => new Http2Relay(context), { judge: () => ALLOW });
  const told = ({ records }: Playbook) => records.map(({ path, outcome, fault }) => [path, outcome, fault]);
  const alone = p().caller(`${PREFACE}${SETTINGS_FRAME}${tooLarge}`);
  expect(told(alone)).toEqual([['', 'malformed_request', 'frame_size_error']]);
  const two = p().caller(
    `${PREFACE}${SETTINGS_FRAME}`,
    ask(1, 'GET', 'a.example', '/a'),
    ask(3, 'GET', 'a.example', '/b'),
  );
  two.upstream(`${SETTINGS_FRAME}${tooLarge}`);
  expect(told(two)).toEqual([
    ['/a', 'malformed_response', 'frame_size_error'],
    ['/b', 'malformed_response', 'frame_size_error'],
  ]);
  const drained = p().caller(`${PREFACE}${SETTINGS_FRAME}`);
  drained.relay.drain(drained.now);
  drained.callerEnds();
  expect(drained.records).toEqual([]);
});
