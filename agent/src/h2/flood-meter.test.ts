import { describe, expect, it } from 'vitest';
import { data, GET, headers, OK, opened, type RelayPlaybook } from '../../testing/h2/relay-playbook.ts';
import { hex } from '../../testing/h2/wire-frames.ts';
import { FloodMeter } from './flood-meter.ts';
import { FRAME, frame, goaway, joined, rstStream, windowUpdate } from './frame.ts';

const CALM = { maxGrants: 10, maxStrayFrames: 10, maxControlFrames: 12 };
/** What a new stream explains. */
const EXPLAINED = 20;

const repeat = (count: number, make: (at: number) => Uint8Array) =>
  joined(Array.from({ length: count }, (_, at) => make(at)));

describe('a meter', () => {
  it('counts per interval', () => {
    const meter = new FloodMeter(2, 100);
    expect([0, 1, 2, 101, 102, 103].map((now) => meter.overflows(now))).toEqual([
      ...[false, false, true],
      ...[false, false, true],
    ]);
  });

  it('does not count what is explained, up to a bound', () => {
    const meter = new FloodMeter(1, 100, 3);
    meter.explain(2);
    meter.explain(2);
    expect([0, 0, 0, 0, 0].map((now) => meter.overflows(now))).toEqual([false, false, false, false, true]);
  });
});

describe('a flood', () => {
  const play = (prepare: (book: RelayPlaybook) => void) => {
    const book = opened({ limits: CALM });
    prepare(book);
    return book;
  };
  const closed = (book: RelayPlaybook) => {
    book.caller(headers(1, GET('/a'))).upstream(headers(1, OK));
  };
  const lastOpen = (book: RelayPlaybook) => {
    closed(book);
    book.caller(headers(3, GET('/b'), { end: false }));
  };

  it.each<[string, 'caller' | 'upstream', (book: RelayPlaybook) => void, number, Uint8Array]>([
    ['WINDOW_UPDATE', 'caller', () => {}, 10, windowUpdate(0, 1)],
    ['WINDOW_UPDATE of a stream', 'caller', closed, EXPLAINED + 10, windowUpdate(1, 1)],
    ['WINDOW_UPDATE', 'upstream', () => {}, 10, windowUpdate(0, 1)],
    ['WINDOW_UPDATE of a stream', 'upstream', lastOpen, 2 * EXPLAINED + 10, windowUpdate(3, 1)],
    ['GOAWAY', 'caller', () => {}, 10, goaway(0, 'NO_ERROR')],
    ['GOAWAY', 'upstream', closed, 10, goaway(0x7fffffff, 'NO_ERROR')],
    ['HEADERS of a closed stream', 'caller', closed, 20, headers(1, [['a', 'b']])],
    ['RST_STREAM of a closed stream', 'caller', closed, 20, rstStream(1, 'CANCEL')],
    ['ending DATA of a closed stream', 'caller', closed, 20, data(1, '', true)],
    ['DATA of a closed stream', 'caller', closed, 20, data(1, 'x')],
    [
      'PRIORITY of a closed stream',
      'caller',
      closed,
      10,
      frame({ type: FRAME.priority, flags: 0, streamId: 1 }, hex('0000000010')),
    ],
    ['HEADERS of a closed stream', 'upstream', closed, 20, headers(1, OK)],
    ['RST_STREAM of a closed stream', 'upstream', closed, 20, rstStream(1, 'CANCEL')],
    ['ending DATA of a closed stream', 'upstream', closed, 20, data(1, '', true)],
    ['ending DATA of a response that has ended', 'upstream', lastOpen, 20, data(1, '', true)],
  ])('of %s frames, from the %s, ends the connection', (_, by, prepare, count, bytes) => {
    const calm = play(prepare);
    calm[by](repeat(count, () => bytes));
    expect(calm.calls).toEqual([]);
    calm[by](bytes);
    expect(calm.calls).toEqual([expect.stringMatching(/^close ENHANCE_YOUR_CALM: too many /)]);
    expect(calm.atCaller().at(-1)).toMatch(/^goaway#0 .* ENHANCE_YOUR_CALM$/);
  });

  it('of HEADERS that are sent after GOAWAY ends the connection, and what was under way then does not', () => {
    const book = opened({ limits: CALM }).upstream(goaway(0, 'NO_ERROR'));
    const request = (at: number) =>
      joined([headers(2 * at + 1, GET('/a'), { end: false }), data(2 * at + 1, 'x')]);
    book.caller(repeat(10, request));
    expect(book.calls).toEqual([]);
    book.caller(request(10));
    expect(book.calls).toEqual(['close ENHANCE_YOUR_CALM: too many frames of closed streams']);
  });
});

describe('no flood', () => {
  it('are two grants for each DATA frame of a response, be they late and all at once', () => {
    const book = opened({ limits: { ...CALM, floodIntervalMs: 1e9 } });
    book.caller(headers(1, GET('/a'))).upstream(headers(1, OK, { end: false }));
    const both = joined([windowUpdate(0, 1), windowUpdate(1, 1)]);
    for (let at = 0; at < 100; at++) book.upstream(data(1, 'x')).caller(both);
    book.upstream(repeat(1000, () => data(1, 'x'))).caller(repeat(1000, () => both));
    expect(book.calls).toEqual([]);
  });

  it('are the same of upstream for a request', () => {
    const book = opened({ limits: { ...CALM, floodIntervalMs: 1e9 } });
    book.caller(headers(1, GET('/a'), { end: false }));
    for (let at = 0; at < 100; at++)
      book.caller(data(1, 'x')).upstream(windowUpdate(0, 1), windowUpdate(1, 1));
    expect(book.calls).toEqual([]);
  });

  it('are grants after each small read of a frame of 512 KiB', () => {
    const book = opened({ limits: { ...CALM, floodIntervalMs: 1e9 } });
    book.upstream(frame({ type: FRAME.settings, flags: 0, streamId: 0 }, hex('000500100000')));
    book.caller(headers(1, GET('/a'), { end: false }));
    const read = joined([windowUpdate(0, 512), windowUpdate(1, 512)]);
    for (let at = 0; at < 10; at++)
      book.caller(data(1, 'x'.repeat(512 * 1024))).upstream(repeat(1024, () => read));
    expect(book.calls).toEqual([]);
  });

  it('are grants of new streams, resets of answered ones, and the trailers of denied ones', () => {
    const book = opened({ limits: { ...CALM, floodIntervalMs: 1e9 } });
    for (let id = 1; id < 400; id += 4) {
      book.caller(headers(id, GET('/a')), windowUpdate(id, 1000), windowUpdate(0, 1000));
      book.upstream(headers(id, OK)).caller(rstStream(id, 'CANCEL'));
      book.caller(
        headers(id + 2, GET('/no'), { end: false }),
        data(id + 2, 'x'),
        headers(id + 2, [['a', 'b']]),
      );
    }
    expect(book.calls).toEqual([]);
  });

  it.each([
    ['denied', '/no', () => {}],
    ['reset by upstream', '/a', (book: RelayPlaybook) => book.upstream(rstStream(1, 'NO_ERROR'))],
    ['given up by upstream', '/a', (book: RelayPlaybook) => book.upstream(goaway(0, 'NO_ERROR'))],
    ['malformed', 'bad', () => {}],
  ])('is what was on its way for a request that is %s, however small its frames are', (_, path, end) => {
    const book = opened({ limits: CALM }).caller(headers(1, GET(path), { end: false }));
    end(book);
    book.caller(repeat(65_535, () => data(1, 'x')));
    expect(book.calls).toEqual([]);
    book.caller(repeat(CALM.maxStrayFrames + EXPLAINED, () => data(1, 'x')));
    expect(book.calls).toEqual(['close ENHANCE_YOUR_CALM: too many frames of closed streams']);
  });

  it('is what a larger window allows that upstream announces only after the denial', () => {
    const book = opened({ limits: CALM }).caller(headers(1, GET('/no'), { end: false }));
    book.upstream(frame({ type: FRAME.settings, flags: 0, streamId: 0 }, hex('000400100000')));
    book.caller(repeat(100_000, () => data(1, 'x')));
    expect(book.calls).toEqual([]);
  });

  it('is what upstream has granted and the caller had not used when its request was reset', () => {
    const book = opened({ limits: CALM }).caller(headers(1, GET('/a'), { end: false }));
    book.upstream(windowUpdate(1, 50_000), rstStream(1, 'NO_ERROR'), windowUpdate(1, 10_000));
    book.caller(repeat(125_535, () => data(1, 'x')));
    expect(book.calls).toEqual([]);
  });

  it('is what upstream had sent when the caller left, however small its frames are', () => {
    const book = opened({ limits: CALM })
      .caller(headers(1, GET('/a')))
      .upstream(headers(1, OK, { end: false }));
    book.caller(rstStream(1, 'CANCEL')).upstream(
      repeat(1000, () => data(1, 'x')),
      data(1, '', true),
    );
    expect(book.calls).toEqual([]);
  });
});
