import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { block, DENIAL, data, GET, headers, RelayPlaybook } from '../../testing/h2/relay-playbook.ts';
import { headerRun, piecesOf } from '../../testing/h2/wire-frames.ts';
import {
  FLAG,
  FRAME,
  frame,
  goaway,
  joined,
  PREFACE,
  ping,
  rstStream,
  settingsFrame,
  windowUpdate,
} from './frame.ts';
import { readUpgradeSettings } from './upgrade.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const opened = (options: ConstructorParameters<typeof RelayPlaybook>[0] = {}) =>
  new RelayPlaybook(options).open();
const OK = [[':status', '200']] as const;
const GET_LINE = (path: string) => `:method=GET :scheme=http :path=${path} :authority=shop`;
const DENIED_LINE = (id: number) => `headers#${id} :status=403 content-length=0 eastwall-decision=d-1 end`;

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

  it('is told to stop when it sends more than half a window', () => {
    const book = opened();
    const half = new Uint8Array(16_384);
    book.caller(headers(1, GET('/no'), { end: false }), data(1, half));
    book.caller(data(1, half), data(1, half), data(1, half, true));
    expect(book.atCaller()).toEqual([
      DENIED_LINE(1),
      'windowUpdate#0 16384',
      'rstStream#1 NO_ERROR',
      `windowUpdate#0 ${3 * 16_384}`,
    ]);
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

describe('a malformed request', () => {
  const head = (...fields: [string, string][]) => headers(1, fields, { end: false });

  it.each<[string, Uint8Array, string]>([
    ['no path', head([':method', 'GET'], [':scheme', 'http']), 'missing_pseudo_field'],
    ['a relative path', headers(1, GET('a')), 'bad_path'],
    ['a path with a space', headers(1, GET('/a b')), 'bad_path'],
    ['a path with CRLF', headers(1, GET('/a\r\nx: y')), 'bad_field_value'],
    ['two paths', headers(1, [...GET('/a'), [':path', '/b']]), 'repeated_pseudo_field'],
    ['a pseudo-field last', headers(1, [['x', 'y'], ...GET('/a')]), 'misplaced_pseudo_field'],
    ['an unknown pseudo-field', headers(1, [[':nope', 'y'], ...GET('/a')]), 'unknown_pseudo_field'],
    ['a status', headers(1, [[':status', '200'], ...GET('/a')]), 'unknown_pseudo_field'],
    ['an upper-case name', headers(1, GET('/a', ['X-A', 'y'])), 'bad_field_name'],
    ['a value with LF', headers(1, GET('/a', ['x', 'a\nb'])), 'bad_field_value'],
    ['Connection', headers(1, GET('/a', ['connection', 'close'])), 'connection_field'],
    ['Transfer-Encoding', headers(1, GET('/a', ['transfer-encoding', 'chunked'])), 'connection_field'],
    ['TE beyond trailers', headers(1, GET('/a', ['te', 'gzip'])), 'connection_field'],
    ['another Host', headers(1, GET('/a', ['host', 'other'])), 'host_mismatch'],
    ['two Hosts', headers(1, GET('/a', ['host', 'shop'], ['host', 'shop'])), 'host_mismatch'],
    [
      'an authority with a user',
      headers(1, [...GET('/a').slice(0, 3), [':authority', 'a@b']]),
      'bad_authority',
    ],
    ['a method with a space', headers(1, [[':method', 'GE T'], ...GET('/a').slice(1)]), 'bad_method'],
    ['a length that is none', headers(1, GET('/a', ['content-length', '+1'])), 'bad_content_length'],
    [
      'two lengths',
      head(...(GET('/a') as [string, string][]), ['content-length', '1'], ['content-length', '1']),
      'bad_content_length',
    ],
    ['a length without content', headers(1, GET('/a', ['content-length', '1'])), 'bad_content_length'],
    [
      'CONNECT with a path',
      headers(1, [[':method', 'CONNECT'], ...GET('/a').slice(1)]),
      'missing_pseudo_field',
    ],
  ])('%s is refused, and the connection goes on', (_, request, fault) => {
    const book = opened();
    book.caller(request, headers(3, GET('/a')));
    expect(book.heads[0]?.fault).toBe(fault);
    expect(book.atCaller()).toEqual(['rstStream#1 PROTOCOL_ERROR']);
    expect(book.atUpstream()).toEqual([`headers#3 ${GET_LINE('/a')} end`]);
    expect(book.ends[0]).toMatchObject({ outcome: 'malformed_request', status: 0 });
  });

  it.each([
    [
      'CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', 'db:5432'],
      ],
    ],
    ['extended CONNECT', [...GET('/chat').slice(1), [':method', 'CONNECT'], [':protocol', 'websocket']]],
    [
      'OPTIONS *',
      [
        [':method', 'OPTIONS'],
        [':scheme', 'http'],
        [':path', '*'],
      ],
    ],
    ['Host alone', [...GET('/a').slice(0, 3), ['host', 'shop']]],
    ['the same Host', GET('/a', ['host', 'SHOP'], ['te', 'trailers'])],
  ] as [string, [string, string][]][])('%s is fine', (_, fields) => {
    const book = opened();
    book.caller(headers(1, fields, { end: false }));
    expect(book.heads[0]?.fault).toBeNull();
    expect(book.heads[0]?.authority ?? '').toMatch(/^(shop|db:5432|)$/);
    expect(book.atUpstream()).toHaveLength(1);
  });

  it.each([
    ['more content than promised', [data(1, 'abcd')]],
    ['less content than promised', [data(1, 'ab', true)]],
    ['less content before trailers', [data(1, 'ab'), headers(1, [['x', 'y']])]],
    ['trailers that end nothing', [data(1, 'abc'), headers(1, [['x', 'y']], { end: false })]],
    ['trailers with a pseudo-field', [data(1, 'abc'), headers(1, [[':path', '/other']])]],
  ])('%s cuts the stream on both sides', (_, frames) => {
    const book = opened();
    book.caller(headers(1, GET('/a', ['content-length', '3']), { end: false }), ...frames);
    expect(book.atUpstream().at(-1)).toBe('rstStream#1 PROTOCOL_ERROR');
    expect(book.atCaller()).toContain('rstStream#1 PROTOCOL_ERROR');
    expect(book.ends).toEqual([expect.objectContaining({ outcome: 'malformed_request' })]);
    book.upstream(headers(1, OK, { end: false }), data(1, 'abcdef'), rstStream(1, 'PROTOCOL_ERROR'));
    expect(book.atCaller()).toEqual([]);
    expect(book.atUpstream()).toEqual(['windowUpdate#0 6']);
  });

  it('counts padding neither as content nor out of the window', () => {
    const book = opened();
    const padded = frame({ type: FRAME.data, flags: 0x09, streamId: 1 }, hex('02 616263 0000'));
    book.caller(headers(1, GET('/a', ['content-length', '3']), { end: false }), padded);
    expect(book.atUpstream()).toHaveLength(2);
    book.caller(
      headers(3, GET('/no'), { end: false }),
      frame({ type: 0, flags: 0x08, streamId: 3 }, hex('02 61 0000')),
    );
    expect(book.atCaller().at(-1)).toBe('windowUpdate#0 4');
  });
});

describe('a malformed response', () => {
  it.each([
    ['no status', headers(1, [['x', 'y']])],
    ['a status that is none', headers(1, [[':status', '20']])],
    [
      'a status twice',
      headers(1, [
        [':status', '200'],
        [':status', '200'],
      ]),
    ],
    [
      'a field with LF',
      headers(1, [
        [':status', '200'],
        ['x', 'a\nb'],
      ]),
    ],
    ['an interim response that ends', headers(1, [[':status', '103']])],
  ])('%s is replaced by a reset', (_, response) => {
    const book = opened();
    book.caller(headers(1, GET('/a')), headers(3, GET('/b')));
    book.atUpstream();
    book.upstream(response, headers(3, OK));
    expect(book.atCaller()).toEqual(['rstStream#1 PROTOCOL_ERROR', 'headers#3 :status=200 end']);
    expect(book.atUpstream()).toEqual(['rstStream#1 PROTOCOL_ERROR']);
    expect(book.ends[0]).toMatchObject({ path: '/a', outcome: 'malformed_response' });
  });

  it('has later responses written anew when the caller has missed an insertion', () => {
    const book = opened();
    book.caller(headers(1, GET('/a')), headers(3, GET('/b')));
    book.upstream(
      headers(
        1,
        [
          [':status', '20'],
          ['x', 'y'],
        ],
        { insert: true },
      ),
    );
    book.upstream(frame({ type: FRAME.headers, flags: 0x05, streamId: 3 }, hex('88 be')));
    expect(book.atCaller().at(-1)).toBe('headers#3 :status=200 x=y end');
  });
});

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

  it('finishes records when a side goes away', () => {
    const book = opened();
    book.caller(headers(1, GET('/a')));
    book.relay.callerEnded(0);
    expect(book.calls).toEqual(['finish upstream']);
    book.relay.upstreamEnded(0);
    expect(book.calls).toEqual(['finish upstream', 'finish caller']);
    book.relay.abandon('caller_reset', 0);
    expect(book.ends.map(({ outcome }) => outcome)).toEqual(['upstream_reset']);
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
