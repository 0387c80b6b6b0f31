import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DENIAL,
  DENIED_LINE,
  data,
  GET,
  GET_LINE,
  headers,
  OK,
  opened,
  type RelayPlaybook,
} from '../../testing/h2/relay-playbook.ts';
import { hex, piecesOf } from '../../testing/h2/wire-frames.ts';
import type { Denial, Reading } from './exchange.ts';
import { FLAG, FRAME, frame, goaway, joined, rstStream, settingsFrame, windowUpdate } from './frame.ts';

/** What was shown of each path's content, one line per stretch of it. */
function watched({
  reading = 'whole' as Reading,
  deny = (_content: string): Denial | null => null,
  enough = (_content: string): boolean => false,
  limits = {},
} = {}) {
  const seen: string[] = [];
  const contents = new Map<string, string>();
  const watch = (path: string) => ({
    reading: path.startsWith('/free') ? ('nothing' as const) : reading,
    content: (bytes: Uint8Array, start: number, end: number) => {
      const content = (contents.get(path) ?? '') + Buffer.from(bytes.subarray(start, end)).toString('latin1');
      contents.set(path, content);
      return enough(content);
    },
    contentEnded: (complete: boolean) => {
      const content = contents.get(path) ?? '';
      seen.push(`${path} ${content}${complete ? '.' : '…'}`);
      return deny(content);
    },
    responded: () => true,
    responseContent: (bytes: Uint8Array, start: number, end: number) => {
      seen.push(`${path} < ${Buffer.from(bytes.subarray(start, end)).toString('latin1')}`);
    },
  });
  return { book: opened({ watch, limits }), seen };
}

const POST = (streamId: number, path: string, ...more: readonly (readonly [string, string])[]) =>
  headers(streamId, GET(path, ...more), { end: false });

const padded = (streamId: number, text: string, end: boolean) => {
  const payload = Buffer.concat([Uint8Array.of(3), Buffer.from(text), new Uint8Array(3)]);
  return frame({ type: FRAME.data, flags: FLAG.padded | (end ? FLAG.endStream : 0), streamId }, payload);
};

describe('content that is read as it passes', () => {
  it('is shown without padding, both ways, and goes on as it is', () => {
    const { book, seen } = watched({ reading: 'stream' });
    book.caller(POST(1, '/a'), padded(1, 'hel', false));
    expect(book.atUpstream()[0]).toBe(`headers#1 ${GET_LINE('/a')}`);
    book.caller(data(1, 'lo', true));
    book.upstream(headers(1, OK, { end: false }), padded(1, 'hi', true));
    expect(seen).toEqual(['/a hello.', '/a < hi']);
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'ok', status: 200 })]);
    expect(book.atCaller()[0]).toBe('headers#1 :status=200');
  });

  it('ends with trailers, too, and with what was enough', () => {
    const { book, seen } = watched({ reading: 'stream', enough: (content) => content.length > 4 });
    book.caller(POST(1, '/a'), data(1, 'abc'), headers(1, [['x', 'y']]));
    book.caller(POST(3, '/b'), data(3, 'abc'), data(3, 'def'), data(3, 'ghi', true));
    expect(seen).toEqual(['/a abc.', '/b abcdef…']);
  });

  it('can be denied no more', () => {
    const { book } = watched({ reading: 'stream', deny: () => DENIAL });
    book.caller(POST(1, '/a'), data(1, 'abc', true)).upstream(headers(1, OK));
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'ok' })]);
  });
});

describe('a withheld request', () => {
  it('goes on when its content was seen, byte for byte', () => {
    const { book, seen } = watched();
    book.caller(POST(1, '/a'), data(1, 'ab'));
    expect(book.atUpstream()).toEqual([]);
    expect(book.relay.withheldSince).toBe(book.now);
    book.caller(padded(1, 'cd', true));
    expect(seen).toEqual(['/a abcd.']);
    expect(book.atUpstream()).toEqual([
      `headers#1 ${GET_LINE('/a')}`,
      'data#1 ab',
      'data#1 \u0003cd\0\0\0 end',
    ]);
    expect(book.relay.withheldSince).toBe(0);
    book.upstream(headers(1, OK));
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'ok' })]);
    expect(book.atCaller()).toEqual(['headers#1 :status=200 end']);
  });

  it('and denied is answered, its bytes granted back, and upstream has not heard of it', () => {
    const { book } = watched({ deny: (content) => (content === 'bad' ? DENIAL : null) });
    book.caller(headers(1, GET('/a', ['x-a', '1']), { end: false, insert: true }), data(1, 'bad', true));
    expect(book.atUpstream()).toEqual([]);
    expect(book.atCaller()).toEqual([DENIED_LINE(1), 'windowUpdate#0 3']);
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'denied', status: 403, path: '/a' })]);
    // A block that refers to what the denied one put into the table.
    book.caller(frame({ type: FRAME.headers, flags: 0x05, streamId: 3 }, hex('c2 c1 c0 bf be')));
    expect(book.atUpstream()).toEqual([`headers#3 ${GET_LINE('/a')} x-a=1 end`]);
    book.now = 10_000;
    book.caller(windowUpdate(0, 1));
    expect(book.atCaller()).toEqual([]);
  });

  it('and allowed leaves the table as it is for those after it', () => {
    const { book } = watched();
    book.caller(headers(1, GET('/a', ['x-a', '1']), { end: false, insert: true }), data(1, 'ok', true));
    book.caller(frame({ type: FRAME.headers, flags: 0x05, streamId: 3 }, hex('c2 c1 c0 bf be')));
    expect(book.atUpstream().at(-1)).toBe(`headers#3 ${GET_LINE('/a')} x-a=1 end`);
  });

  it('holds up nobody: its head goes before the next one, and it is reset when it is denied then', () => {
    const { book } = watched({ deny: () => DENIAL });
    book.caller(POST(1, '/a'), data(1, 'ab'), headers(3, GET('/free')));
    expect(book.atUpstream()).toEqual([`headers#1 ${GET_LINE('/a')}`, `headers#3 ${GET_LINE('/free')} end`]);
    book.upstream(headers(3, OK));
    book.caller(data(1, 'cd', true));
    expect(book.atUpstream()).toEqual(['rstStream#1 CANCEL']);
    expect(book.atCaller()).toEqual(['headers#3 :status=200 end', DENIED_LINE(1), 'windowUpdate#0 4']);
    book.upstream(headers(1, OK));
    expect(book.atCaller()).toEqual([]);
    expect(book.ends.map(({ outcome }) => outcome)).toEqual(['ok', 'denied']);
  });

  it('is reset when it is denied after upstream has answered', () => {
    const { book } = watched({ deny: () => DENIAL });
    book.caller(POST(1, '/a', ['expect', '100-continue']));
    expect(book.atUpstream()).toEqual([`headers#1 ${GET_LINE('/a')} expect=100-continue`]);
    book.upstream(headers(1, [[':status', '100']], { end: false }), headers(1, OK, { end: false }));
    book.caller(data(1, 'ab', true));
    expect(book.atCaller().slice(2)).toEqual(['rstStream#1 CANCEL', 'windowUpdate#0 2']);
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'denied', status: 200 })]);
  });

  it('has its head sent at once when it is gRPC, since the server may speak first', () => {
    const { book } = watched();
    book.caller(POST(1, '/a.B/C', ['content-type', 'application/grpc']));
    expect(book.atUpstream()).toHaveLength(1);
    book.caller(data(1, 'x'));
    expect(book.atUpstream()).toEqual([]);
  });

  it.each<[string, (book: RelayPlaybook) => void, string]>([
    ['a window of its own', (book) => book.caller(windowUpdate(1, 9)), 'windowUpdate#1 9'],
    ['its trailers', (book) => book.caller(headers(1, [['x', 'y']])), 'headers#1 x=y end'],
    ['settings', (book) => book.caller(settingsFrame(hex('000200000000'))), 'settings#0 000200000000'],
    [
      'a frame of unknown type',
      (book) => book.caller(frame({ type: 77, flags: 0, streamId: 1 }, hex('00'))),
      'type 77#1 00',
    ],
  ])('has its head sent before %s', (_, act, line) => {
    const { book } = watched();
    book.caller(POST(1, '/a'));
    act(book);
    const [first, ...rest] = book.atUpstream();
    expect(first).toBe(`headers#1 ${GET_LINE('/a')}`);
    expect(rest).toEqual([line]);
  });

  it('may be given up by its caller without upstream hearing of it', () => {
    const { book } = watched();
    book.caller(POST(1, '/a'), data(1, 'ab'), rstStream(1, 'CANCEL'), data(1, 'late'));
    expect(book.atUpstream()).toEqual([]);
    expect(book.atCaller()).toEqual(['windowUpdate#0 6']);
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'caller_reset' })]);
    const left = watched().book;
    left.caller(POST(1, '/a'), data(1, 'ab')).relay.callerEnded(0);
    expect(left.ends).toEqual([expect.objectContaining({ outcome: 'caller_reset' })]);
    expect(left.calls).toEqual(['finish upstream']);
  });

  it('and malformed is reset on the side that knows of it', () => {
    const { book } = watched();
    book.caller(POST(1, '/a', ['content-length', '3']), data(1, 'ab', true));
    expect(book.atUpstream()).toEqual([]);
    expect(book.atCaller()).toEqual(['rstStream#1 PROTOCOL_ERROR', 'windowUpdate#0 2']);
  });

  it('is over when upstream takes no more streams, and its bytes are granted back', () => {
    const { book } = watched();
    book.caller(POST(1, '/a'), data(1, 'ab')).upstream(goaway(0, 'NO_ERROR'));
    book.caller(data(1, 'cd', true));
    expect(book.atUpstream()).toEqual([]);
    expect(book.atCaller()).toEqual(['goaway#0 0 NO_ERROR', 'windowUpdate#0 2', 'windowUpdate#0 2']);
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'upstream_reset' })]);
  });

  it('is let go when no more of it can be held, with what follows', () => {
    const { book, seen } = watched({ limits: { maxHeldBytes: 3 } });
    book.caller(
      POST(1, '/a'),
      data(1, 'abc'),
      POST(3, '/b'),
      data(3, 'de'),
      data(3, 'fg'),
      data(1, '', true),
    );
    expect(seen).toEqual(['/b de…', '/a abc.']);
    book.caller(data(3, 'h', true));
    expect(book.atUpstream().slice(2)).toEqual([
      'data#3 de',
      'data#3 fg',
      'data#1 abc',
      'data#1 end',
      'data#3 h end',
    ]);
  });

  it('is let go when a connection would hold more than a few times as much', () => {
    const { book, seen } = watched({ limits: { maxHeldBytes: 3 } });
    for (let at = 0; at < 5; at++) book.caller(POST(2 * at + 1, `/${at}`), data(2 * at + 1, 'abc'));
    expect(seen).toEqual(['/4 …']);
  });

  it('leaves half of the window to others, and may be longer where upstream grants more', () => {
    const { book, seen } = watched();
    book.caller(POST(1, '/a'), data(1, new Uint8Array(16_384)), data(1, new Uint8Array(16_383)));
    expect(seen).toEqual([]);
    book.caller(data(1, 'x'));
    expect(seen).toHaveLength(1);
    book.upstream(windowUpdate(0, 32_768 + 2));
    book.caller(
      POST(3, '/b'),
      data(3, new Uint8Array(16_384)),
      data(3, new Uint8Array(16_383)),
      data(3, 'x'),
    );
    expect(seen).toHaveLength(1);
  });

  it('is let go when the caller can send no more of it', () => {
    const small = watched();
    small.book.upstream(settingsFrame(hex('000400000004'))).caller(settingsFrame(undefined, FLAG.ack));
    small.book.atUpstream();
    small.book.caller(POST(1, '/a'), data(1, 'abc'));
    expect(small.book.atUpstream()).toEqual([]);
    small.book.caller(data(1, 'd'));
    expect(small.seen).toEqual(['/a abcd…']);
  });

  it('is let go when enough was seen, or its time is up', () => {
    const { book, seen } = watched({ enough: (content) => content.length >= 2 });
    book.caller(POST(1, '/a'), data(1, 'a'), data(1, 'bc'));
    expect(book.atUpstream()).toHaveLength(3);
    book.now = 100;
    book.caller(POST(3, '/b'), data(3, 'x'));
    book.now = 200;
    book.caller(POST(5, '/c'));
    expect(book.relay.withheldSince).toBe(100);
    book.relay.letGo(100, 300);
    expect(book.relay.withheldSince).toBe(200);
    expect(book.atUpstream()).toEqual([`headers#3 ${GET_LINE('/b')}`, 'data#3 x']);
    expect(seen).toEqual(['/a abc…', '/b x…']);
  });

  it('is let go at the end of a frame that is just coming in', () => {
    const { book, seen } = watched();
    const [first, second] = piecesOf(data(1, 'abcd'), [11]);
    book.caller(POST(1, '/a'), first ?? hex(''));
    book.relay.letGo(book.now, 9);
    expect(book.atUpstream()).toEqual([]);
    book.caller(second ?? hex(''));
    expect(seen).toEqual(['/a abcd…']);
    expect(book.atUpstream()).toEqual([`headers#1 ${GET_LINE('/a')}`, 'data#1 abcd']);
  });
});

describe('any traffic', () => {
  const id = fc.constantFrom(1, 3, 5, 7);
  const path = fc.constantFrom('/a', '/no', '/free', '/b');
  const callerFrame = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(id, path, fc.boolean(), fc.boolean())
        .map(([at, to, end, insert]) => headers(at, GET(`${to}${at}`, ['x-y', to]), { end, insert })),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(id, fc.string({ maxLength: 9 }), fc.boolean())
        .map(([at, text, end]) => data(at, text, end)),
    },
    fc.tuple(id, fc.string({ maxLength: 9 }), fc.boolean()).map(([at, text, end]) => padded(at, text, end)),
    id.map((at) => headers(at, [['x', 'y']])),
    id.map((at) => rstStream(at, 'CANCEL')),
    fc
      .tuple(fc.constantFrom(0, 1, 3), fc.integer({ min: 1, max: 9_999 }))
      .map(([at, by]) => windowUpdate(at, by)),
  );
  const upstreamFrame = fc.oneof(
    fc.tuple(id, fc.boolean()).map(([at, end]) => headers(at, OK, { end })),
    fc.tuple(id, fc.string({ maxLength: 9 }), fc.boolean()).map(([at, text, end]) => data(at, text, end)),
    id.map((at) => rstStream(at, 'CANCEL')),
    fc.constantFrom(goaway(3, 'NO_ERROR')),
  );
  const options = {
    deny: (content: string) => (content.includes('a') ? DENIAL : null),
    limits: { maxHeldBytes: 12 },
  };

  it.each<[Reading]>([['stream'], ['whole']])(
    'shows and forwards the same however it is cut: %s',
    (reading) => {
      const cuts = fc.array(fc.nat(), { maxLength: 20 });
      fc.assert(
        fc.property(fc.array(callerFrame, { maxLength: 15 }), cuts, (frames, places) => {
          const whole = watched({ ...options, reading });
          whole.book.caller(...frames);
          const cut = watched({ ...options, reading });
          for (const piece of piecesOf(joined(frames), places)) cut.book.caller(piece);
          expect(cut.book.atUpstream()).toEqual(whole.book.atUpstream());
          expect(cut.seen).toEqual(whole.seen);
          expect(cut.book.ends).toEqual(whole.book.ends);
        }),
      );
    },
  );

  it('withholds without losing a byte, an end, or the peers’ agreement on the window', () => {
    const traffic = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: callerFrame.map((bytes) => ({ fromCaller: true, bytes })) },
        upstreamFrame.map((bytes) => ({ fromCaller: false, bytes })),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(traffic, fc.array(fc.nat({ max: 60 }), { maxLength: 3 }), (steps, cuts) => {
        const { book } = watched(options);
        let sent = 0;
        for (const { fromCaller, bytes } of steps) {
          if (fromCaller && bytes[3] === FRAME.data) sent += bytes.length - 9;
          for (const piece of piecesOf(bytes, cuts)) {
            if (fromCaller) book.caller(piece);
            else book.upstream(piece);
          }
        }
        if (book.calls.length > 0) return;
        book.relay.letGo(book.now, 9);
        book.relay.abandon('caller_reset', 9);
        book.relay.letGo(book.now, 9);
        expect(book.ends).toHaveLength(book.heads.length);
        // What the caller has sent is at upstream, or has been granted back: an idle stream is never spoken about.
        const lines = book.atUpstream();
        const opens = new Set<string>();
        for (const line of lines) {
          expect(line).not.toMatch(/ bad_|truncated|\/no/);
          const at = line.slice(line.indexOf('#'), line.search(/ |$/));
          if (line.startsWith('headers')) opens.add(at);
          else if (at !== '#0') expect(opens).toContain(at);
        }
        let granted = 0;
        for (const line of book.atCaller())
          if (line.startsWith('windowUpdate#0 ')) granted += Number(line.slice('windowUpdate#0 '.length));
        expect(granted + book.upstreamDataBytes).toBe(sent);
      }),
      { numRuns: 500 },
    );
  });
});
