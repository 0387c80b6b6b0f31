import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DENIED_LINE,
  data,
  GET,
  GET_LINE,
  headers,
  OK,
  opened,
  RelayPlaybook,
} from '../../testing/h2/relay-playbook.ts';
import { hex, piecesOf } from '../../testing/h2/wire-frames.ts';
import {
  FLAG,
  FRAME,
  frame,
  goaway,
  joined,
  PREFACE,
  rstStream,
  settingsFrame,
  windowUpdate,
} from './frame.ts';
import { readUpgradeSettings } from './upgrade.ts';

describe('an allowed request', () => {
  it('goes on byte for byte, and so does its response', () => {
    const book = opened();
    book.caller(headers(1, GET('/a')));
    expect(book.atUpstream()).toEqual([`headers#1 ${GET_LINE('/a')} end`]);
    book.upstream(headers(1, OK, { end: false }), data(1, 'hello', true));
    expect(book.atCaller()).toEqual(['headers#1 :status=200', 'data#1 hello end']);
    expect(book.responses).toEqual(['/a 200']);
    expect(book.ends).toEqual([
      expect.objectContaining({ outcome: 'ok', status: 200, grpcStatus: -1, bytesReceived: 10 + 14 }),
    ]);
    expect(book.relay.idle).toBe(true);
  });

  it('reads trailers and the grpc-status in them', () => {
    const book = opened();
    const call = GET('/shop.v1.Orders/Get', ['content-type', 'application/grpc+proto']);
    book.caller(headers(1, call, { end: false }), data(1, 'x'), headers(1, [['x-sum', '1']]));
    book.upstream(headers(1, OK, { end: false }), data(1, 'y'), headers(1, [['grpc-status', '5']]));
    expect(book.heads[0]?.grpc).toEqual({ service: 'shop.v1.Orders', method: 'Get' });
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'ok', status: 200, grpcStatus: 5 })]);
    expect(book.atUpstream().at(-1)).toBe('headers#1 x-sum=1 end');
  });

  it('may be answered before it is complete', () => {
    const book = opened();
    book.caller(headers(1, GET('/a'), { end: false }), data(1, 'x'));
    book.upstream(headers(1, OK), rstStream(1, 'NO_ERROR'));
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'ok' })]);
    book.atUpstream();
    book.caller(data(1, 'late'), windowUpdate(1, 5), rstStream(1, 'NO_ERROR'));
    expect(book.atUpstream()).toEqual([]);
    expect(book.atCaller().at(-1)).toBe('windowUpdate#0 4');
  });
});

describe('ending', () => {
  it('ends streams above the last one that upstream took, and grants their DATA back', () => {
    const book = opened();
    book.caller(headers(1, GET('/a'), { end: false }), headers(3, GET('/b'), { end: false }));
    book.upstream(goaway(1, 'NO_ERROR'));
    expect(book.ends).toEqual([expect.objectContaining({ path: '/b', outcome: 'upstream_reset' })]);
    book.atUpstream();
    book.atCaller();
    book.caller(data(3, 'xyz'), headers(5, GET('/c')), data(5, 'xyz'), rstStream(5, 'CANCEL'), data(1, 'on'));
    expect(book.atUpstream()).toEqual(['data#1 on']);
    expect(book.atCaller()).toEqual(['windowUpdate#0 6']);
    expect(book.heads).toHaveLength(2);
  });

  it('drains in two steps and closes after the last response', () => {
    const book = opened();
    book.caller(headers(1, GET('/a')));
    book.relay.drain(0);
    book.relay.drain(0);
    expect(book.atCaller()).toEqual([
      `goaway#0 ${0x7fffffff} NO_ERROR`,
      `ping#0 ${Buffer.from('eastwall').toString('hex')}`,
    ]);
    book.caller(
      headers(3, GET('/b')),
      frame({ type: FRAME.ping, flags: 1, streamId: 0 }, Buffer.from('eastwall')),
    );
    expect(book.atCaller()).toEqual(['goaway#0 3 NO_ERROR']);
    book.caller(headers(5, GET('/c')));
    expect(book.heads.map(({ path }) => path)).toEqual(['/a', '/b']);
    book.upstream(headers(1, OK), headers(3, OK, { end: false }));
    expect(book.calls).toEqual([]);
    const last = data(3, 'bye', true);
    book.relay.fromUpstream(last, 0, last.length - 1, 0);
    expect(book.calls).toEqual([]);
    book.upstream(last.subarray(last.length - 1));
    expect(book.calls).toEqual(['close NO_ERROR: drained']);
    expect(book.ends.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect(book.atUpstream().filter((line) => line.startsWith('ping'))).toEqual([]);
  });

  it('never names a higher last stream to the caller than before, whoever asks it to leave', () => {
    const book = opened();
    book.caller(headers(1, GET('/a')), headers(3, GET('/b')));
    book.upstream(goaway(3, 'NO_ERROR'));
    book.relay.drain(0);
    book.caller(frame({ type: FRAME.ping, flags: 1, streamId: 0 }, Buffer.from('eastwall')));
    book.upstream(goaway(0x7fffffff, 'ENHANCE_YOUR_CALM'), headers(1, OK));
    expect(book.atCaller().filter((line) => line.startsWith('goaway'))).toEqual([
      'goaway#0 3 NO_ERROR',
      'goaway#0 3 NO_ERROR',
      'goaway#0 3 NO_ERROR',
      'goaway#0 3 ENHANCE_YOUR_CALM',
    ]);
    expect(book.ends.map(({ path, outcome }) => [path, outcome])).toEqual([['/a', 'ok']]);
  });

  it('finishes records when a side goes away, and names the one that went first', () => {
    const book = opened();
    book.caller(headers(1, GET('/a')));
    book.relay.callerEnded(0);
    expect(book.calls).toEqual(['finish upstream']);
    book.relay.upstreamEnded(0);
    expect(book.calls).toEqual(['finish upstream', 'finish caller']);
    book.relay.abandon('timeout', 0);
    expect(book.ends.map(({ outcome }) => outcome)).toEqual(['caller_reset']);
    const other = opened();
    other.caller(headers(1, GET('/a')));
    other.relay.upstreamEnded(0);
    expect(other.ends.map(({ outcome }) => outcome)).toEqual(['upstream_reset']);
  });

  it('knows since when a head is incomplete, and expires', () => {
    const book = opened();
    const head = headers(1, GET('/a'));
    expect(book.relay.headSince).toBe(0);
    book.relay.fromCaller(head, 0, 5, 100);
    book.relay.fromCaller(head, 5, 12, 200);
    expect(book.relay.headSince).toBe(100);
    book.relay.expire(300);
    expect(book.calls).toEqual(['close NO_ERROR: the caller was too slow']);
    expect(book.atCaller()).toEqual(['goaway#0 0 NO_ERROR']);
  });
});

describe('a connection that was HTTP/1.1', () => {
  const settingsOf = (text: string) => {
    const settings = readUpgradeSettings(text);
    if (!settings.ok) throw new Error(settings.error);
    return settings.value;
  };

  it('has its first request half-closed on stream 1', () => {
    // What curl sends: 100 streams, a large window, no push.
    const book = new RelayPlaybook({ upgraded: settingsOf('AAMAAABkAAQAoAAAAAIAAAAA') });
    book.upstream(settingsFrame(), headers(1, OK, { end: false }), data(1, 'hi', true));
    book.caller(PREFACE, settingsFrame(hex('000200000000')), headers(3, GET('/no')), headers(5, GET('/a')));
    expect(book.atUpstream()).toEqual(['settings#0 000200000000', `headers#5 ${GET_LINE('/a')} end`]);
    expect(book.atCaller()).toEqual(['settings#0', 'headers#1 :status=200', 'data#1 hi end', DENIED_LINE(3)]);
    expect(book.ends.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['upgraded', 'ok'],
      ['/no', 'denied'],
    ]);
  });

  it.each([
    ['AAMAAABk', 'push_enabled'],
    ['AAIAAAAB', 'push_enabled'],
    ['AAMAAAB', 'bad_settings'],
    ['AAM*AABk', 'bad_settings'],
    ['', 'push_enabled'],
    ['AAUAAAAB', 'bad_settings'],
  ])('refuses %j: %s', (text, refusal) => {
    expect(readUpgradeSettings(text)).toEqual({ ok: false, error: refusal });
  });
});

describe('any traffic', () => {
  const id = fc.constantFrom(1, 3, 5, 7);
  const path = fc.constantFrom('/a', '/no', '/b', 'bad');
  const callerFrame = fc.oneof(
    fc
      .tuple(id, path, fc.boolean(), fc.boolean())
      .map(([streamId, at, end, insert]) => headers(streamId, GET(at, ['x-y', at]), { end, insert })),
    fc
      .tuple(id, fc.string({ maxLength: 9 }), fc.boolean())
      .map(([streamId, text, end]) => data(streamId, text, end)),
    fc.tuple(id, fc.constantFrom('x', ':path')).map(([streamId, name]) => headers(streamId, [[name, 'y']])),
    id.map((streamId) => rstStream(streamId, 'CANCEL')),
    fc
      .tuple(fc.constantFrom(0, 1, 3), fc.integer({ min: 1, max: 99_999 }))
      .map(([at, by]) => windowUpdate(at, by)),
    fc.constant(settingsFrame(hex('000100000040'))),
    fc.constant(settingsFrame(undefined, FLAG.ack)),
  );
  const upstreamFrame = fc.oneof(
    fc
      .tuple(id, fc.constantFrom('200', '103', 'x'), fc.boolean(), fc.boolean())
      .map(([at, status, end, insert]) =>
        headers(
          at,
          [
            [':status', status],
            ['server', status],
          ],
          { end, insert },
        ),
      ),
    fc.tuple(id, fc.string({ maxLength: 9 }), fc.boolean()).map(([at, text, end]) => data(at, text, end)),
    id.map((streamId) => rstStream(streamId, 'CANCEL')),
    fc.constant(settingsFrame(undefined, FLAG.ack)),
    fc.constantFrom(goaway(3, 'NO_ERROR'), goaway(0x7fffffff, 'NO_ERROR')),
  );
  const step = fc.tuple(fc.boolean(), fc.array(fc.nat({ max: 200 }), { maxLength: 3 }));

  it('never throws, never leaks a denied request, and sends both sides whole readable frames', () => {
    const traffic = fc.array(
      fc.oneof(fc.tuple(fc.constant(true), callerFrame), fc.tuple(fc.constant(false), upstreamFrame)),
      {
        maxLength: 25,
      },
    );
    fc.assert(
      fc.property(traffic, step, (steps, [, cuts]) => {
        const book = opened();
        for (const [fromCaller, bytes] of steps) {
          for (const piece of piecesOf(bytes, cuts)) {
            if (fromCaller) book.caller(piece);
            else book.upstream(piece);
          }
        }
        if (book.calls.length > 0) return;
        const upstream = book.atUpstream();
        expect(upstream.filter((line) => /:path=(\/no|bad)/.test(line))).toEqual([]);
        for (const line of [...upstream, ...book.atCaller()]) expect(line).not.toMatch(/ bad_|truncated/);
        expect(book.ends.length).toBeLessThanOrEqual(book.heads.length);
      }),
    );
  });

  it('comes out the same however it is cut', () => {
    const traffic = fc.array(callerFrame, { maxLength: 15 });
    fc.assert(
      fc.property(traffic, fc.array(fc.nat(), { maxLength: 20 }), (frames, cuts) => {
        const whole = opened().caller(...frames);
        const cut = opened();
        for (const piece of piecesOf(joined(frames), cuts)) cut.caller(piece);
        expect(cut.atUpstream()).toEqual(whole.atUpstream());
        expect(cut.ends).toEqual(whole.ends);
        expect(cut.calls).toEqual(whole.calls);
      }),
    );
  });

  it('survives any bytes from either side', () => {
    const bytes = fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 60 })), { maxLength: 20 });
    fc.assert(
      fc.property(bytes, (steps) => {
        const book = opened();
        for (const [fromCaller, piece] of steps) {
          if (fromCaller) book.caller(piece);
          else book.upstream(piece);
        }
        expect(book.calls.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
