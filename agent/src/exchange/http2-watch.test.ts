import { describe, expect, test } from 'vitest';
import { data, GET, headers } from '../../testing/h2/relay-playbook.ts';
import { Playbook, type PlaybookOptions } from '../../testing/playbook.ts';
import { REFUSAL, RecordingWatcher, type WatchOptions } from '../../testing/recording-watch.ts';
import { FLAG, PREFACE, settingsFrame } from '../h2/frame.ts';
import { Http2Relay } from './http2-relay.ts';

const NO_PUSH = Uint8Array.of(0, 2, 0, 0, 0, 0);

function play(watch: WatchOptions = {}, options: PlaybookOptions = {}) {
  const watcher = new RecordingWatcher(watch);
  const p = new Playbook((context) => new Http2Relay(context), { ...options, watcher });
  p.caller(PREFACE, settingsFrame(NO_PUSH)).upstream(settingsFrame());
  p.caller(settingsFrame(undefined, FLAG.ack)).upstream(settingsFrame(undefined, FLAG.ack));
  return { p, seen: watcher.seen };
}

test('guards are shown heads and content of each stream, with a watch of its own', () => {
  const { p, seen } = play({ reading: 'stream', responseReading: 'stream' });
  const fields: [string, string][] = [
    ['authorization', 'Bearer x'],
    ['cookie', 'a=b'],
    ['cookie', 'c=d'],
    ['x-api-key', 'k'],
    ['content-type', 'text/plain'],
    ['content-encoding', 'gzip'],
  ];
  p.caller(
    headers(1, GET('/a?id=7', ...fields), { end: false }),
    headers(3, GET('/b')),
    data(1, 'hello', true),
  );
  p.upstream(headers(1, [[':status', '103']], { end: false }));
  p.upstream(
    headers(
      1,
      [
        [':status', '201'],
        ['location', '/a/7'],
        ['sunset', 'soon'],
      ],
      { end: false },
    ),
  );
  p.upstream(headers(3, [[':status', '404']]), data(1, 'hi', true));
  expect(seen).toEqual([
    '1 request GET shop/a query=id=7 authorization=Bearer x cookie=a=b; c=d apiKey=k contentType=text/plain contentEncoding=gzip allowed_by_rule',
    '2 request GET shop/b allowed_by_rule',
    '1 sent hello',
    '1 all read',
    '1 response 201 location=/a/7 sunset=soon',
    '2 response 404',
    '2 end ok 404',
    '1 received hi',
    '1 end ok 201',
  ]);
});

describe('a refusal', () => {
  test.each<[string, WatchOptions]>([
    ['of a head', { request: () => REFUSAL }],
    ['of a withheld body', { reading: 'whole', bodyEnd: () => REFUSAL }],
  ])('%s is the answer, and upstream sees nothing', (_, watch) => {
    const { p, seen } = play(watch);
    const before = p.sentTo('upstream');
    p.caller(headers(1, GET('/a'), { end: false }), data(1, 'x', true));
    p.caller(
      headers(3, GET('/a.B/C', ['content-type', 'application/grpc']), { end: false }),
      data(3, 'x', true),
    );
    expect(p.records).toMatchObject([
      { outcome: 'denied', status: 429, decision: { reason: 'rate_limited' } },
      { outcome: 'denied', status: 200, grpcStatus: 8, decision: { reason: 'rate_limited' } },
    ]);
    expect(p.sentTo('caller')).toMatch(/429.*7.*ratelimit.*grpc-status.?8/s);
    if (watch.reading === undefined) expect(p.sentTo('upstream')).toBe(before);
    expect(seen.filter((line) => line.includes('end denied'))).toHaveLength(2);
  });

  test('that is not in earnest is recorded only, and one of a body that has gone on is nothing', () => {
    const decision = { ...REFUSAL.decision, verdict: 'would-deny' as const };
    const audit = play({ request: () => ({ ...REFUSAL, decision }) });
    const late = play({ reading: 'stream', bodyEnd: () => REFUSAL });
    for (const { p } of [audit, late]) {
      p.caller(headers(1, GET('/a'), { end: false }), data(1, 'x', true)).upstream(
        headers(1, [[':status', '200']]),
      );
      expect(p.records).toMatchObject([{ outcome: 'ok', status: 200 }]);
    }
    expect(audit.p.records[0]?.decision.verdict).toBe('would-deny');
    expect(late.p.records[0]?.decision.verdict).toBe('allow');
  });
});

test('what goes through a tunnel is not shown', () => {
  const { p, seen } = play({ reading: 'whole', responseReading: 'stream' });
  p.caller(
    headers(
      1,
      [
        [':method', 'CONNECT'],
        [':authority', 'db:5432'],
      ],
      { end: false },
    ),
    data(1, 'secret'),
  );
  p.upstream(headers(1, [[':status', '200']], { end: false }), data(1, 'secret'));
  p.relay.abandon('ok', 9);
  expect(seen).toEqual([
    '1 request CONNECT db:5432 allowed_by_rule',
    '1 response 200',
    '1 end upstream_reset 200',
  ]);
});
