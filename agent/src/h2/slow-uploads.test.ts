import { describe, expect, it } from 'vitest';
import { data, headers, OK, RelayPlaybook } from '../../testing/h2/relay-playbook.ts';
import { UPLOAD_STEP } from '../kernel/upload-pace.ts';
import { FRAME, frame, windowUpdate } from './frame.ts';

const LIMIT = 8_000;
const POST = (path: string, ...more: [string, string][]): [string, string][] => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'shop'],
  ...more,
];
const upload = (id: number, ...more: [string, string][]) =>
  headers(id, POST(`/${id}`, ...more), { end: false });

/** Trickles a byte a second into these streams, with a look each time, and says which ended how. */
function trickle(book: RelayPlaybook, seconds: number, ...streams: number[]): string[] {
  for (let second = 0; second < seconds; second++) {
    book.now += 1_000;
    for (const id of streams) book.caller(data(id, 'x'));
    book.relay.checkUploads(book.now, LIMIT);
  }
  return book.ends.map(({ path, outcome }) => `${path} ${outcome}`);
}

const opened = () => new RelayPlaybook().open();

describe('a request whose content trickles', () => {
  it('is ended for both sides, and the other streams go on', () => {
    const book = opened().caller(upload(1), upload(3), headers(5, POST('/5')));
    expect(trickle(book, 7, 1)).toEqual([]);
    book.caller(data(3, 'done', true));
    expect(trickle(book, 4, 1)).toEqual(['/1 timeout']);
    expect(book.atCaller()).toContain('rstStream#1 CANCEL');
    expect(book.atUpstream()).toContain('rstStream#1 CANCEL');
    book.upstream(headers(1, OK), headers(3, OK), headers(5, OK));
    expect(book.atCaller().map((line) => line.split(' ')[0])).toEqual(['headers#3', 'headers#5']);
    expect(book.calls).toEqual([]);
  });

  it('has what it still sends granted back', () => {
    const book = opened().caller(upload(1));
    trickle(book, 11, 1);
    book.atCaller();
    book.atUpstream();
    book.caller(data(1, 'late'));
    expect(book.atUpstream()).toEqual([]);
    expect(book.atCaller()).toEqual(['windowUpdate#0 4']);
  });

  it('is left alone while it keeps pace', () => {
    const book = opened().caller(upload(1));
    for (let step = 0; step < 9; step++) {
      book.upstream(windowUpdate(0, UPLOAD_STEP), windowUpdate(1, UPLOAD_STEP));
      for (let part = 0; part < 4; part++) book.caller(data(1, new Uint8Array(UPLOAD_STEP / 4)));
      expect(trickle(book, 7)).toEqual([]);
    }
  });

  it.each<[string, (book: RelayPlaybook) => void]>([
    ['is being answered', (book) => book.caller(upload(1)).upstream(headers(1, OK, { end: false }))],
    ['is of gRPC', (book) => book.caller(upload(1, ['content-type', 'application/grpc+proto']))],
    ['has ended', (book) => book.caller(upload(1), data(1, '', true))],
  ])('is left alone when it %s', (_, begin) => {
    const book = opened();
    begin(book);
    expect(trickle(book, 30)).toEqual([]);
  });

  const windowBytes = 65_535;
  const fill = (book: RelayPlaybook, ids: number[], bytes: number) => {
    for (let left = bytes; left > 0; left -= 16_384)
      for (const id of ids) book.caller(data(id, new Uint8Array(Math.min(left, 16_384))));
  };

  it('is left alone while its own window is used up, and has its time again once there is room', () => {
    const book = opened().upstream(windowUpdate(0, 1_000_000)).caller(upload(1));
    fill(book, [1], windowBytes);
    expect(trickle(book, 30)).toEqual([]);
    book.upstream(windowUpdate(1, 100));
    expect(trickle(book, 7)).toEqual([]);
    expect(trickle(book, 4)).toEqual(['/1 timeout']);
  });

  it('is left alone while the window of the connection is used up', () => {
    const book = opened().caller(upload(1), upload(3));
    fill(book, [1], windowBytes);
    expect(trickle(book, 30)).toEqual([]);
    book.upstream(windowUpdate(0, 100));
    expect(trickle(book, 11)).toEqual(['/3 timeout']);
  });

  it('is left alone while upstream takes nothing', () => {
    const book = opened().caller(upload(1));
    trickle(book, 7, 1);
    book.now += 1_000;
    book.relay.checkUploads(book.now, null);
    expect(trickle(book, 7, 1)).toEqual([]);
  });
});

describe('a frame that trickles', () => {
  const begun = data(1, new Uint8Array(16_000)).subarray(0, 10);
  const bytes = (book: RelayPlaybook, seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      book.now += 1_000;
      book.caller(Uint8Array.of(0));
      book.relay.checkUploads(book.now, LIMIT);
    }
  };

  it.each<[string, (book: RelayPlaybook) => void]>([
    ['of content', (book) => book.caller(upload(1), begun)],
    [
      'of a stream that is being answered',
      (book) => book.caller(upload(1), begun).upstream(headers(1, OK, { end: false })),
    ],
    ['of a denied stream', (book) => book.caller(headers(1, POST('/no'), { end: false }), begun)],
    [
      'of an unknown type',
      (book) => book.caller(frame({ type: 99, flags: 0, streamId: 0 }, new Uint8Array(999)).subarray(0, 10)),
    ],
  ])('%s ends the connection, since nothing can pass it', (_, begin) => {
    const book = opened();
    begin(book);
    bytes(book, 8);
    expect(book.calls).toEqual([]);
    bytes(book, 2);
    expect(book.calls).toEqual(['close NO_ERROR: a frame did not come to its end in time']);
  });
});

describe('the time for a head', () => {
  const head = frame({ type: FRAME.headers, flags: 1, streamId: 1 }, Uint8Array.of(0x82));
  const more = frame({ type: FRAME.continuation, flags: 0, streamId: 1 }, Uint8Array.of(0x86));

  it('runs from its first byte on, however many CONTINUATION frames come', () => {
    const book = opened();
    book.now = 5;
    book.caller(head);
    for (; book.now < 9; book.now++) book.caller(more);
    expect(book.relay.headSince).toBe(5);
  });

  it('begins again when what was held has come to its end, though another thing is held then', () => {
    const book = opened();
    const [first, second] = [headers(1, POST('/1')), headers(3, POST('/3'))];
    book.now = 5;
    book.caller(first.subarray(0, 12));
    expect(book.relay.headSince).toBe(5);
    book.now = 6;
    book.caller(first.subarray(12), second.subarray(0, 12));
    expect(book.relay.headSince).toBe(6);
    book.caller(second.subarray(12));
    expect(book.relay.headSince).toBe(0);
  });
});
