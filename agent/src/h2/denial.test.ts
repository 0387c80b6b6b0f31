import { describe, expect, it } from 'vitest';
import {
  block,
  DENIAL,
  DENIED_LINE,
  data,
  GET,
  GET_LINE,
  headers,
  OK,
  opened,
  RelayPlaybook,
} from '../../testing/h2/relay-playbook.ts';
import { headerRun, hex } from '../../testing/h2/wire-frames.ts';
import { FLAG, FRAME, frame, joined, PREFACE, rstStream, settingsFrame, windowUpdate } from './frame.ts';

describe('a denied request', () => {
  it('never reaches upstream and is answered at once', () => {
    const book = opened();
    book.caller(headers(1, GET('/no')));
    expect(book.atUpstream()).toEqual([]);
    expect(book.atCaller()).toEqual([DENIED_LINE(1)]);
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'denied', status: 403, path: '/no' })]);
  });

  it('may end by itself, and what it sends is granted back', () => {
    const book = opened();
    book.caller(headers(1, GET('/no'), { end: false }), data(1, 'abcd'), data(1, 'ef', true));
    expect(book.atCaller()).toEqual([DENIED_LINE(1), 'windowUpdate#0 6']);
    book.caller(rstStream(1, 'CANCEL'), windowUpdate(1, 9), headers(3, GET('/a')));
    expect(book.atUpstream()).toEqual([`headers#3 ${GET_LINE('/a')} end`]);
    book.now = 10_000;
    book.caller(headers(5, GET('/a')));
    expect(book.atCaller()).toEqual([]);
  });

  it('is told to stop soon when it sends more than half a window, but not before it can have read its answer', () => {
    const book = opened();
    const half = new Uint8Array(16_384);
    book.caller(headers(1, GET('/no'), { end: false }), data(1, half));
    book.caller(data(1, half), data(1, half));
    expect(book.atCaller()).toEqual([DENIED_LINE(1), 'windowUpdate#0 16384', `windowUpdate#0 ${2 * 16_384}`]);
    book.now += 99;
    book.upstream(windowUpdate(0, 1));
    expect(book.atCaller()).toEqual(['windowUpdate#0 1']);
    book.now += 1;
    book.upstream(windowUpdate(0, 1));
    expect(book.atCaller()).toEqual(['windowUpdate#0 1', 'rstStream#1 NO_ERROR']);
  });

  it('is not told to stop before its answer could go out', () => {
    const book = new RelayPlaybook();
    const half = new Uint8Array(16_384);
    book.caller(
      PREFACE,
      settingsFrame(),
      headers(1, GET('/no'), { end: false }),
      data(1, half),
      data(1, half),
    );
    book.caller(data(1, half));
    book.now += 5_000;
    book.upstream(settingsFrame());
    expect(book.atCaller().filter((line) => line.startsWith('rst'))).toEqual([]);
    book.now += 100;
    book.upstream(windowUpdate(0, 1));
    expect(book.atCaller().at(-1)).toBe('rstStream#1 NO_ERROR');
  });

  it('is not told to stop when it sends much and has ended by itself', () => {
    const book = opened();
    const half = new Uint8Array(16_384);
    book.caller(headers(1, GET('/no'), { end: false }), data(1, half), data(1, half), data(1, half));
    book.caller(data(1, half, true));
    book.now += 10_000;
    book.upstream(windowUpdate(0, 1));
    expect(book.atCaller().filter((line) => line.startsWith('rst'))).toEqual([]);
  });

  it('is told to stop when it takes its time', () => {
    const book = opened();
    book.caller(headers(1, GET('/no'), { end: false }));
    book.now = 500;
    book.caller(headers(3, GET('/no'), { end: false }), headers(1, [['x', 'y']]));
    book.now = 1400;
    book.upstream(windowUpdate(0, 1));
    expect(book.atCaller()).toEqual([DENIED_LINE(1), DENIED_LINE(3), 'windowUpdate#0 1']);
    book.now = 1600;
    book.upstream(windowUpdate(0, 1));
    expect(book.atCaller()).toEqual(['windowUpdate#0 1', 'rstStream#3 NO_ERROR']);
  });

  it('is told to stop when there are too many like it', () => {
    const book = opened();
    for (let at = 0; at < 101; at++) book.caller(headers(at * 2 + 1, GET('/no'), { end: false }));
    expect(book.atCaller().filter((line) => line.startsWith('rst'))).toEqual(['rstStream#1 NO_ERROR']);
  });

  it('is answered by trailers alone when it is gRPC', () => {
    const book = opened();
    book.caller(headers(1, GET('/no', ['content-type', 'application/grpc']), { end: false }));
    expect(book.atCaller()).toEqual([
      'headers#1 :status=200 content-type=application/grpc grpc-status=7 grpc-message=no eastwall-decision=d-1 end',
    ]);
    expect(book.ends[0]).toMatchObject({ outcome: 'denied', status: 200, grpcStatus: 7 });
  });

  it('waits for a frame of upstream that is under way', () => {
    const book = opened();
    book.caller(headers(1, GET('/a')));
    const response = joined([headers(1, OK, { end: false }), data(1, 'hello', true)]);
    book.relay.fromUpstream(response, 0, response.length - 2, 0);
    book.caller(headers(3, GET('/no')));
    book.upstream(response.subarray(response.length - 2));
    expect(book.atCaller()).toEqual(['headers#1 :status=200', 'data#1 hello end', DENIED_LINE(3)]);
  });

  it('waits for the first SETTINGS of upstream', () => {
    const book = new RelayPlaybook();
    book.caller(PREFACE, settingsFrame(hex('000200000000')), headers(1, GET('/no')));
    expect(book.atCaller()).toEqual([]);
    book.upstream(settingsFrame());
    expect(book.atCaller()).toEqual(['settings#0', DENIED_LINE(1)]);
  });

  it('goes before a header block of upstream that has only begun', () => {
    const book = opened();
    book.caller(headers(1, GET('/a')));
    const [first, ...rest] = headerRun(
      1,
      block([
        [':status', '200'],
        ['x', 'y'],
      ]),
      { size: 2 },
    );
    book.upstream(first ?? hex(''));
    book.caller(headers(3, GET('/no')));
    expect(book.atCaller()).toEqual([DENIED_LINE(3)]);
    book.upstream(...rest);
    expect(book.atCaller()[0]).toMatch(/^headers#1/);
  });

  it('leaves the table alone when its block did, so later blocks keep their bytes', () => {
    const book = opened();
    book.caller(headers(1, GET('/a', ['x-a', '1']), { insert: true }));
    book.caller(headers(3, GET('/no')));
    book.caller(frame({ type: FRAME.headers, flags: 0x05, streamId: 5 }, hex('c2 c1 c0 bf be')));
    expect(book.atUpstream()[1]).toBe(`headers#5 ${GET_LINE('/a')} x-a=1 end`);
  });

  it('has later blocks written anew once upstream has missed an insertion', () => {
    const book = opened();
    book.caller(headers(1, GET('/a', ['x-a', '1']), { insert: true }));
    book.caller(headers(3, GET('/no', ['x-b', '2']), { insert: true }));
    // Method, scheme and authority of the first request, a path of its own, and both fields.
    const mixed = joined([hex('c7 c6'), block([[':path', '/b']]), hex('c4 c3 be')]);
    book.caller(frame({ type: FRAME.headers, flags: 0x05, streamId: 5 }, mixed));
    expect(book.atUpstream()).toEqual([
      `headers#1 ${GET_LINE('/a')} x-a=1 end`,
      `headers#5 ${GET_LINE('/b')} x-a=1 x-b=2 end`,
    ]);
  });

  it('keeps never-indexed fields never indexed when it writes them anew', () => {
    const book = opened();
    book.caller(headers(1, GET('/no', ['x-b', '2']), { insert: true }));
    const secret = joined([block(GET('/a')), hex('10 06736563726574 0131')]);
    book.caller(frame({ type: FRAME.headers, flags: 0x05, streamId: 3 }, secret));
    expect(book.atUpstream()).toEqual([`headers#3 ${GET_LINE('/a')} never:secret=1 end`]);
  });

  it('announces the smaller table that the caller waits for', () => {
    const book = opened();
    // The caller wants no table, upstream agrees, and the next block the caller sees is ours.
    book.caller(settingsFrame(hex('000100000000'))).upstream(settingsFrame(undefined, FLAG.ack));
    book.callerLimitsTable(0).caller(headers(1, GET('/no')));
    expect(book.atCaller()).toEqual([DENIED_LINE(1)]);
    // Upstream still announces it itself; nobody minds hearing it twice.
    book.caller(headers(3, GET('/a')));
    const announced = joined([hex('20'), block(OK)]);
    book.upstream(frame({ type: FRAME.headers, flags: 0x05, streamId: 3 }, announced));
    expect(book.atCaller()).toEqual(['headers#3 :status=200 end']);
    expect(book.calls).toEqual([]);
  });
});

describe('the body of an answer', () => {
  const withBody = { ...DENIAL, body: hex('6e6f21') };
  const decide = (head: { path: string }) => (head.path === '/no' ? withBody : null);

  it('is left out unless the caller has granted room for it', () => {
    const book = opened({ decide });
    book.caller(headers(1, GET('/no')));
    expect(book.atCaller()).toEqual([DENIED_LINE(1)]);
  });

  it('is sent out of a generous grant, of which upstream hears less', () => {
    const book = opened({ decide });
    book.caller(windowUpdate(0, 100_000), headers(1, GET('/no')));
    expect(book.atUpstream()).toEqual(['windowUpdate#0 95904']);
    expect(book.atCaller()).toEqual([
      'headers#1 :status=403 content-type=text/plain content-length=3 eastwall-decision=d-1',
      'data#1 no! end',
    ]);
    book.caller(windowUpdate(0, 3), windowUpdate(0, 50));
    expect(book.atUpstream()).toEqual(['windowUpdate#0 50']);
  });

  it('takes its room from small grants only once it was needed', () => {
    const book = opened({ decide });
    book.caller(windowUpdate(0, 2));
    expect(book.atUpstream()).toEqual(['windowUpdate#0 2']);
    book.caller(headers(1, GET('/no')), windowUpdate(0, 5), headers(3, GET('/no')));
    expect(book.atUpstream()).toEqual([]);
    expect(book.atCaller().slice(1)).toEqual([expect.stringMatching(/^headers#3/), 'data#3 no! end']);
  });

  it('is left out when the window of a new stream is too small', () => {
    const book = new RelayPlaybook({ decide }).open('000400000002');
    book.caller(windowUpdate(0, 100_000), headers(1, GET('/no')));
    expect(book.atCaller()).toEqual([DENIED_LINE(1)]);
  });

  it('is described but not sent for HEAD', () => {
    const book = opened({ decide });
    book.caller(windowUpdate(0, 100_000));
    book.caller(headers(1, [[':method', 'HEAD'], ...GET('/no').slice(1)]));
    expect(book.atCaller()).toEqual([
      'headers#1 :status=403 content-type=text/plain content-length=3 eastwall-decision=d-1 end',
    ]);
  });
});
