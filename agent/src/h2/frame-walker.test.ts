import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framesOf, headerRun, piecesOf } from '../../testing/h2/wire-frames.ts';
import { FLAG, FRAME, frame, joined, PREFACE, ping, settingsFrame, windowUpdate } from './frame.ts';
import { type CurrentFrame, type FrameSink, FrameWalker } from './frame-walker.ts';
import { DEFAULT_H2_LIMITS } from './limits.ts';

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

class Recorder implements FrameSink {
  readonly events: string[] = [];
  readonly out: Uint8Array[] = [];
  keep: (frame: CurrentFrame) => boolean = () => true;

  onHeaders(seen: CurrentFrame): boolean {
    return this.note('headers', seen, hexOf(seen.bytes.subarray(seen.start, seen.end)));
  }
  onData(seen: CurrentFrame): boolean {
    return this.note('data', seen, `${seen.length}-${seen.padding}`);
  }
  onPayload(): void {}
  onControl(seen: CurrentFrame): boolean {
    return this.note(`control ${seen.type}`, seen, hexOf(seen.bytes.subarray(seen.start, seen.end)));
  }
  onUnknown(seen: CurrentFrame): boolean {
    return this.note(`unknown ${seen.type}`, seen, `${seen.length}`);
  }
  onFault({ code, reason }: { code: string; reason: string }): void {
    this.events.push(`${code}: ${reason}`);
  }
  get sent(): Uint8Array {
    return joined(this.out);
  }
  private note(what: string, seen: CurrentFrame, detail: string): boolean {
    this.events.push(`${what} #${seen.streamId} ${seen.flags} ${detail}`);
    return this.keep(seen);
  }
}

function walkerFor(recorder: Recorder, limits = {}) {
  const emit = (bytes: Uint8Array, start: number, end: number) => recorder.out.push(bytes.slice(start, end));
  return new FrameWalker(recorder, emit, { limits: { ...DEFAULT_H2_LIMITS, ...limits }, preface: true });
}

function walk(pieces: readonly Uint8Array[], keep = (_: CurrentFrame) => true) {
  const recorder = new Recorder();
  recorder.keep = keep;
  const walker = walkerFor(recorder);
  // The read buffer is shared: what was in it is gone when the next bytes come.
  const shared = new Uint8Array(1 << 16);
  for (const piece of pieces) {
    shared.fill(0xee);
    shared.set(piece, 7);
    walker.feed(shared, 7, 7 + piece.length);
  }
  return recorder;
}

const START = [PREFACE, settingsFrame(bytesOf('0003 00000064'))];
const streamId = fc.integer({ min: 1, max: 5 });
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

const anyUnit: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc
    .record({ streamId, block: bytes(60), size: fc.integer({ min: 5, max: 61 }), padding: fc.nat(3) })
    .map((run) =>
      joined(headerRun(run.streamId, run.block, { ...run, flags: run.block.length % 2 ? FLAG.priority : 0 })),
    ),
  fc
    .tuple(streamId, bytes(300))
    .map(([id, data]) => frame({ type: FRAME.data, flags: 0, streamId: id }, data)),
  fc
    .tuple(streamId, bytes(20), fc.nat(200))
    .map(([id, data, padding]) =>
      frame(
        { type: FRAME.data, flags: FLAG.padded, streamId: id },
        Uint8Array.from([padding, ...data, ...new Uint8Array(padding)]),
      ),
    ),
  fc.tuple(streamId, fc.integer({ min: 1, max: 9 })).map(([id, by]) => windowUpdate(id, by)),
  fc.tuple(streamId, bytes(30)).map(([id, data]) => frame({ type: 0xbe, flags: 0xff, streamId: id }, data)),
  fc.constant(settingsFrame(bytesOf('0003 00000064'))),
  fc.constant(ping(bytesOf('0102030405060708'))),
);
const anyTraffic = fc.array(anyUnit, { maxLength: 12 }).map((units) => [...START, ...units]);
const anyCuts = fc.array(fc.nat(), { maxLength: 30 });

describe('walking', () => {
  it('gives the same events and the original bytes, however the input is cut', () => {
    fc.assert(
      fc.property(anyTraffic, anyCuts, (traffic, cuts) => {
        const all = joined(traffic);
        const whole = walk([all]);
        const cut = walk(piecesOf(all, cuts));
        expect(cut.events).toEqual(whole.events);
        expect(hexOf(cut.sent)).toBe(hexOf(all));
      }),
    );
  });

  it('gives the same events a byte at a time', () => {
    fc.assert(
      fc.property(anyTraffic, (traffic) => {
        const all = joined(traffic);
        expect(walk(Array.from(all, (_, at) => all.subarray(at, at + 1))).events).toEqual(walk([all]).events);
      }),
      { numRuns: 20 },
    );
  });

  it('drops whole frames only', () => {
    const isKept = (seen: { streamId: number }) => seen.streamId % 2 === 0;
    fc.assert(
      fc.property(anyTraffic, anyCuts, (traffic, cuts) => {
        const recorder = walk(piecesOf(joined(traffic), cuts), isKept);
        const kept = traffic.slice(1).filter((unit) => isKept(framesOf(unit)[0] ?? { streamId: 0 }));
        expect(hexOf(recorder.sent)).toBe(hexOf(joined([PREFACE, ...kept])));
      }),
    );
  });

  it('puts our frames between frames only', () => {
    const mark = frame({ type: 0xee, flags: 0, streamId: 9 }, bytesOf('aabb'));
    fc.assert(
      fc.property(anyTraffic, anyCuts, (traffic, cuts) => {
        const recorder = new Recorder();
        const walker = walkerFor(recorder);
        const pieces = piecesOf(joined(traffic), cuts);
        for (const piece of pieces) {
          walker.inject(mark, 0, mark.length);
          walker.feed(piece, 0, piece.length);
        }
        const seen = framesOf(recorder.sent.subarray(PREFACE.length));
        expect(seen[0]?.type).toBe(FRAME.settings);
        expect(seen.filter((one) => one.type === 0xee)).toHaveLength(pieces.length);
        const others = seen.filter((one) => one.type !== 0xee);
        expect(others).toEqual(framesOf(joined(traffic.slice(1))));
        seen.forEach((one, at) => {
          if (one.type === FRAME.continuation) expect(seen[at - 1]?.type).not.toBe(0xee);
        });
      }),
    );
  });

  it('passes runs of frames in one piece of the read buffer', () => {
    const all = joined([...START, windowUpdate(1, 5), ...headerRun(1, bytesOf('82'))]);
    expect(walk([all]).out).toHaveLength(1);
  });

  it('passes a large DATA payload as it comes', () => {
    const recorder = new Recorder();
    const walker = walkerFor(recorder);
    const all = joined([
      ...START,
      frame({ type: FRAME.data, flags: 0, streamId: 1 }, new Uint8Array(16_384)),
    ]);
    walker.feed(all, 0, 5000);
    expect(recorder.sent).toHaveLength(5000);
    expect(walker.holding).toBe(false);
  });

  it('holds a header block until it is whole', () => {
    const recorder = new Recorder();
    const walker = walkerFor(recorder);
    const all = joined([...START, ...headerRun(1, new Uint8Array(40), { size: 10 })]);
    walker.feed(all, 0, all.length - 1);
    expect(recorder.sent).toHaveLength(joined(START).length);
    expect(walker.holding).toBe(true);
    walker.feed(all, all.length - 1, all.length);
    expect(recorder.sent).toHaveLength(all.length);
  });
});

describe('refusals', () => {
  const headersWithoutEnd = frame({ type: FRAME.headers, flags: 0, streamId: 1 }, bytesOf('82'));
  const continuation = (id: number) =>
    frame({ type: FRAME.continuation, flags: 0, streamId: id }, bytesOf('82'));
  const make = (type: number, id: number, payload: string, flags = 0) =>
    frame({ type, flags, streamId: id }, bytesOf(payload));

  it.each([
    ['DATA on stream 0', make(FRAME.data, 0, '00'), 'PROTOCOL_ERROR'],
    ['HEADERS on stream 0', make(FRAME.headers, 0, '82', FLAG.endHeaders), 'PROTOCOL_ERROR'],
    ['RST_STREAM on stream 0', make(FRAME.rstStream, 0, '00000000'), 'PROTOCOL_ERROR'],
    ['PRIORITY on stream 0', make(FRAME.priority, 0, '0000000000'), 'PROTOCOL_ERROR'],
    ['SETTINGS on a stream', make(FRAME.settings, 1, ''), 'PROTOCOL_ERROR'],
    ['PING on a stream', make(FRAME.ping, 1, '0000000000000000'), 'PROTOCOL_ERROR'],
    ['GOAWAY on a stream', make(FRAME.goaway, 1, '0000000000000000'), 'PROTOCOL_ERROR'],
    ['a short PING', make(FRAME.ping, 0, '00'), 'FRAME_SIZE_ERROR'],
    ['a short RST_STREAM', make(FRAME.rstStream, 1, '0000'), 'FRAME_SIZE_ERROR'],
    ['a long WINDOW_UPDATE', make(FRAME.windowUpdate, 1, '0000000101'), 'FRAME_SIZE_ERROR'],
    ['a short GOAWAY', make(FRAME.goaway, 0, '00000000'), 'FRAME_SIZE_ERROR'],
    ['SETTINGS with half a setting', make(FRAME.settings, 0, '000300'), 'FRAME_SIZE_ERROR'],
    ['a SETTINGS ACK with settings', make(FRAME.settings, 0, '000300000001', FLAG.ack), 'FRAME_SIZE_ERROR'],
    ['a CONTINUATION of nothing', continuation(1), 'PROTOCOL_ERROR'],
    ['a CONTINUATION of another stream', joined([headersWithoutEnd, continuation(3)]), 'PROTOCOL_ERROR'],
    ['a frame inside a header block', joined([headersWithoutEnd, windowUpdate(1, 1)]), 'PROTOCOL_ERROR'],
    [
      'CONTINUATION without end',
      joined([headersWithoutEnd, ...Array.from({ length: 17 }, () => continuation(1))]),
      'ENHANCE_YOUR_CALM',
    ],
    ['DATA that is all padding and more', make(FRAME.data, 1, '0501', FLAG.padded), 'PROTOCOL_ERROR'],
    ['padded DATA without a length', make(FRAME.data, 1, '', FLAG.padded), 'PROTOCOL_ERROR'],
    ['HEADERS with too much padding', make(FRAME.headers, 1, '0282', 0x0c), 'PROTOCOL_ERROR'],
    ['HEADERS without room for priority', make(FRAME.headers, 1, '000000', 0x24), 'PROTOCOL_ERROR'],
    ['a frame above the announced size', bytesOf('004001 00 00 00000001'), 'FRAME_SIZE_ERROR'],
  ])('%s', (_, unit, code) => {
    for (const pieces of [
      [joined([...START, unit])],
      Array.from(joined([...START, unit]), (byte) => Uint8Array.of(byte)),
    ]) {
      const recorder = walk(pieces);
      expect(recorder.events.at(-1)).toMatch(new RegExp(`^${code}: `));
      expect(hexOf(recorder.sent)).toBe(hexOf(joined(START)));
    }
  });

  it.each([
    ['another preface', bytesOf('505249202a20485454502f312e310d0a0d0a534d0d0a0d0a')],
    ['a first frame that is not SETTINGS', joined([PREFACE, windowUpdate(0, 1)])],
    ['an acknowledgement first', joined([PREFACE, settingsFrame(undefined, FLAG.ack)])],
  ])('%s', (_, start) => {
    expect(walk([start]).events).toEqual([expect.stringMatching(/^PROTOCOL_ERROR/)]);
  });

  it('ends when too much of ours waits for a frame under way', () => {
    const recorder = new Recorder();
    const walker = walkerFor(recorder, { maxQueuedBytes: 30 });
    const all = joined([...START, frame({ type: FRAME.data, flags: 0, streamId: 1 }, new Uint8Array(10))]);
    walker.feed(all, 0, all.length - 1);
    walker.inject(windowUpdate(1, 1), 0, 13);
    walker.inject(windowUpdate(1, 1), 0, 13);
    expect(recorder.events.at(-1)).not.toMatch(/CALM/);
    walker.inject(windowUpdate(1, 1), 0, 13);
    expect(recorder.events.at(-1)).toMatch(/^ENHANCE_YOUR_CALM/);
  });

  it('survives any bytes and holds no more than a block', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (pieces) => {
        const recorder = walk([...START, ...pieces]);
        const received = joined(pieces).length + joined(START).length;
        expect(recorder.sent.length).toBeLessThanOrEqual(received);
      }),
    );
  });
});
