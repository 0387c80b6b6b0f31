import { describe, expect, it } from 'vitest';
import {
  block,
  data,
  GET,
  GET_LINE,
  headers,
  OK,
  opened,
  RelayPlaybook,
} from '../../testing/h2/relay-playbook.ts';
import { hex } from '../../testing/h2/wire-frames.ts';
import {
  FLAG,
  FRAME,
  frame,
  joined,
  PREFACE,
  ping,
  rstStream,
  settingsFrame,
  windowUpdate,
} from './frame.ts';

describe('rules of the connection', () => {
  const push = frame({ type: FRAME.pushPromise, flags: 4, streamId: 1 }, hex('00000002 82'));

  it.each<[string, (book: RelayPlaybook) => void, string]>([
    ['a stream of even id', (book) => book.caller(headers(2, GET('/a'))), 'PROTOCOL_ERROR'],
    ['DATA on an idle stream', (book) => book.caller(data(5, 'x')), 'PROTOCOL_ERROR'],
    ['RST_STREAM on an idle stream', (book) => book.caller(rstStream(5, 'CANCEL')), 'PROTOCOL_ERROR'],
    ['WINDOW_UPDATE on an idle stream', (book) => book.caller(windowUpdate(5, 1)), 'PROTOCOL_ERROR'],
    ['a grant of nothing', (book) => book.caller(windowUpdate(0, 0)), 'PROTOCOL_ERROR'],
    ['a push by the caller', (book) => book.caller(push), 'PROTOCOL_ERROR'],
    ['a push by upstream', (book) => book.caller(headers(1, GET('/a'))).upstream(push), 'PROTOCOL_ERROR'],
    ['a response nobody asked for', (book) => book.upstream(headers(1, OK)), 'PROTOCOL_ERROR'],
    [
      'DATA for a request never forwarded',
      (book) => book.caller(headers(1, GET('/no'))).upstream(data(1, 'x')),
      'PROTOCOL_ERROR',
    ],
    ['DATA after the end', (book) => book.caller(headers(1, GET('/a')), data(1, 'x')), 'STREAM_CLOSED'],
    [
      'HEADERS after the end',
      (book) => book.caller(headers(1, GET('/a')), headers(1, [['a', 'b']])),
      'STREAM_CLOSED',
    ],
    [
      'an unreadable block',
      (book) => book.caller(frame({ type: 1, flags: 5, streamId: 1 }, hex('be'))),
      'COMPRESSION_ERROR',
    ],
    [
      'an unreadable response',
      (book) =>
        book.caller(headers(1, GET('/a'))).upstream(frame({ type: 1, flags: 5, streamId: 1 }, hex('be'))),
      'COMPRESSION_ERROR',
    ],
    [
      'an acknowledgement of nothing',
      (book) => book.caller(settingsFrame(undefined, FLAG.ack)),
      'PROTOCOL_ERROR',
    ],
    ['push enabled by 2', (book) => book.caller(settingsFrame(hex('000200000002'))), 'PROTOCOL_ERROR'],
    [
      'a window that is too large',
      (book) => book.upstream(settingsFrame(hex('000480000000'))),
      'FLOW_CONTROL_ERROR',
    ],
    [
      'a frame size that is too small',
      (book) => book.upstream(settingsFrame(hex('000500000001'))),
      'PROTOCOL_ERROR',
    ],
  ])('%s ends it', (_, play, code) => {
    const book = opened();
    play(book);
    expect(book.calls).toEqual([expect.stringMatching(new RegExp(`^close ${code}: `))]);
    expect(book.atCaller().at(-1)).toMatch(new RegExp(`^goaway#0 [0-9]+ ${code}$`));
    expect(book.atUpstream().at(-1)).toBe(`goaway#0 0 ${code}`);
    expect(book.relay.idle).toBe(true);
    book.caller(headers(9, GET('/a'))).upstream(data(9, 'x'));
    expect([...book.atCaller(), ...book.atUpstream()]).toEqual([]);
  });

  it('makes the caller be seen to forbid push', () => {
    const book = new RelayPlaybook();
    book.caller(PREFACE, settingsFrame(hex('000300000064')));
    expect(book.atUpstream()).toEqual(['settings#0 000300000064000200000000']);
    book.caller(settingsFrame(hex('000200000001')));
    expect(book.atUpstream()).toEqual(['settings#0 000200000000']);
  });

  it('bounds the tables that either side announces', () => {
    const book = new RelayPlaybook({ limits: { maxTableBytes: 8192 } });
    book.caller(PREFACE, settingsFrame(hex('000200000000 000100100000')));
    book.upstream(settingsFrame(hex('000100004000 000500010000')));
    expect(book.atUpstream()).toEqual(['settings#0 000200000000000100002000']);
    expect(book.atCaller()).toEqual(['settings#0 000100002000000500010000']);
  });

  it('takes larger frames once their receiver has said so', () => {
    const book = new RelayPlaybook().open('', '000500008000');
    const large = new Uint8Array(20_000).fill(0x61);
    book.caller(headers(1, GET('/a'), { end: false }), data(1, large));
    expect(book.calls).toEqual([]);
    book.upstream(headers(1, OK, { end: false }), data(1, large));
    expect(book.calls).toEqual([expect.stringMatching(/^close FRAME_SIZE_ERROR/)]);
  });

  it('passes what it does not know, and PING, PRIORITY and grants of open streams', () => {
    const book = opened();
    const unknown = frame({ type: 0x10, flags: 3, streamId: 0 }, hex('0102'));
    const priority = frame({ type: FRAME.priority, flags: 0, streamId: 99 }, hex('0000000010'));
    book.caller(unknown, priority, ping(hex('0102030405060708')), headers(1, GET('/a')), windowUpdate(1, 7));
    expect(book.atUpstream()).toEqual([
      'type 16#0 0102',
      'priority#99 0000000010',
      'ping#0 0102030405060708',
      `headers#1 ${GET_LINE('/a')} end`,
      'windowUpdate#1 7',
    ]);
  });
});

describe('floods', () => {
  const stopped = expect.stringMatching(/^close ENHANCE_YOUR_CALM/);
  const repeat = (count: number, make: (at: number) => Uint8Array) =>
    joined(Array.from({ length: count }, (_, at) => make(at)));

  it.each<[string, Record<string, number>, (count: number) => Uint8Array]>([
    [
      'rapid reset',
      { maxResets: 10 },
      (count) =>
        repeat(count, (at) => joined([headers(at * 2 + 1, GET('/a')), rstStream(at * 2 + 1, 'CANCEL')])),
    ],
    [
      'malformed requests',
      { maxResets: 10 },
      (count) => repeat(count, (at) => headers(at * 2 + 1, GET('nope'))),
    ],
    ['PING', { maxControlFrames: 12 }, (count) => repeat(count, () => ping(hex('0102030405060708')))],
    [
      'unknown frames',
      { maxControlFrames: 12 },
      (count) => repeat(count, () => frame({ type: 99, flags: 0, streamId: 0 }, hex(''))),
    ],
    ['SETTINGS', { maxUnackedSettings: 10 }, (count) => repeat(count, () => settingsFrame())],
    [
      'empty DATA',
      { maxEmptyFrames: 10 },
      (count) => joined([headers(1, GET('/a'), { end: false }), repeat(count, () => data(1, ''))]),
    ],
  ])('%s ends the connection', (_, limits, flood) => {
    const calm = opened({ limits }).caller(flood(10));
    expect(calm.calls).toEqual([]);
    const book = opened({ limits }).caller(flood(11));
    expect(book.calls).toEqual([stopped]);
    expect(book.atCaller().at(-1)).toMatch(/^goaway#0 .* ENHANCE_YOUR_CALM$/);
    for (const { outcome } of book.ends.slice(10)) expect(outcome).toMatch(/malformed_request|caller_reset/);
  });

  it.each(['PROTOCOL_ERROR', 'FLOW_CONTROL_ERROR', 'STREAM_CLOSED', 'FRAME_SIZE_ERROR'] as const)(
    'ends the connection of a caller that has upstream reset stream after stream for a %s',
    (code) => {
      const book = opened({ limits: { maxResets: 2 } });
      for (let at = 1; at <= 5; at += 2) book.caller(headers(at, GET('/a'))).upstream(rstStream(at, code));
      expect(book.calls).toEqual([stopped]);
    },
  );

  it.each(['REFUSED_STREAM', 'CANCEL', 'INTERNAL_ERROR', 'NO_ERROR'] as const)(
    'does not hold a %s of upstream against the caller',
    (code) => {
      const book = opened({ limits: { maxResets: 2 } });
      for (let at = 1; at <= 9; at += 2) book.caller(headers(at, GET('/a'))).upstream(rstStream(at, code));
      expect(book.calls).toEqual([]);
    },
  );

  it('counts resets per interval only', () => {
    const book = opened({ limits: { maxResets: 2, floodIntervalMs: 100 } });
    for (let at = 0; at < 20; at++) {
      book.now = at * 60;
      book.caller(headers(at * 2 + 1, GET('/a')), rstStream(at * 2 + 1, 'CANCEL'));
    }
    expect(book.calls).toEqual([]);
  });

  it('lets resets of answered requests pass uncounted', () => {
    const book = opened({ limits: { maxResets: 1 } });
    for (let at = 0; at < 5; at++) {
      book.caller(headers(at * 2 + 1, GET('/a'), { end: false })).upstream(headers(at * 2 + 1, OK));
      book.caller(rstStream(at * 2 + 1, 'NO_ERROR'));
    }
    expect(book.calls).toEqual([]);
  });

  it('refuses streams beyond the limit and goes on', () => {
    const book = opened({ limits: { maxStreams: 2 } });
    book.caller(headers(1, GET('/a')), headers(3, GET('/b')), headers(5, GET('/c')));
    expect(book.atCaller()).toEqual(['rstStream#5 REFUSED_STREAM']);
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'refused', path: '/c' })]);
    book.upstream(headers(1, OK)).caller(headers(7, GET('/d')));
    expect(book.atUpstream()).toHaveLength(3);
  });

  it('ends the connection for a header list that only grows when decoded', () => {
    const book = opened({ limits: { maxListBytes: 2000 } });
    book.caller(headers(1, GET('/a', ['x', 'y'.repeat(100)]), { insert: true }));
    book.caller(
      frame({ type: 1, flags: 5, streamId: 3 }, joined([block(GET('/b')), new Uint8Array(50).fill(0xbe)])),
    );
    expect(book.calls).toEqual([stopped]);
  });
});
