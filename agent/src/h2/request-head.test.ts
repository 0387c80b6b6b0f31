import { describe, expect, it } from 'vitest';
import { data, GET, GET_LINE, headers, OK, opened } from '../../testing/h2/relay-playbook.ts';
import { hex } from '../../testing/h2/wire-frames.ts';
import { FRAME, frame, rstStream } from './frame.ts';

const AT = (authority: string): [string, string][] => [
  ...(GET('/a').slice(0, 3) as [string, string][]),
  [':authority', authority],
];

const WITH_SCHEME = (scheme: string): [string, string][] => [
  ...(GET('/a').slice(0, 1) as [string, string][]),
  [':scheme', scheme],
  ...(GET('/a').slice(2) as [string, string][]),
];

it.each(['http', 'https', 'HTTP', 'coap+tcp'])('a scheme may be %s', (scheme) => {
  expect(opened().caller(headers(1, WITH_SCHEME(scheme))).heads[0]?.fault).toBe(null);
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
    ['an empty authority', headers(1, AT('')), 'bad_authority'],
    ['an empty authority beside a Host', headers(1, [...AT(''), ['host', 'shop']]), 'bad_authority'],
    ['an authority of a port', headers(1, AT(':80')), 'bad_authority'],
    ['a Host of a port', headers(1, [...GET('/a').slice(0, 3), ['host', ':80']]), 'bad_authority'],
    ['an empty Host beside an authority', headers(1, GET('/a', ['host', ''])), 'host_mismatch'],
    ['a Host with another port', headers(1, [...AT('shop:80'), ['host', 'shop:8080']]), 'host_mismatch'],
    ['CONNECT to no port', head([':method', 'CONNECT'], [':authority', 'db']), 'bad_authority'],
    ['CONNECT to an empty port', head([':method', 'CONNECT'], [':authority', 'db:']), 'bad_authority'],
    ['CONNECT to no host', head([':method', 'CONNECT'], [':authority', ':80']), 'bad_authority'],
    ['CONNECT to nothing', head([':method', 'CONNECT']), 'missing_pseudo_field'],
    ['a scheme with a host and a path', headers(1, WITH_SCHEME('http://other/admin?')), 'bad_scheme'],
    ['a scheme with a space', headers(1, WITH_SCHEME('http x')), 'bad_scheme'],
    ['a scheme of digits', headers(1, WITH_SCHEME('1http')), 'bad_scheme'],
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
    ['no authority at all', GET('/a').slice(0, 3)],
    ['an empty Host alone', [...GET('/a').slice(0, 3), ['host', '']]],
    ['the same Host without the usual port', [...AT('shop:80'), ['host', 'Shop']]],
    ['the same Host', GET('/a', ['host', 'SHOP'], ['te', 'trailers'])],
  ] as [string, [string, string][]][])('%s is fine', (_, fields) => {
    const book = opened();
    book.caller(headers(1, fields, { end: false }));
    expect(book.heads[0]?.fault).toBeNull();
    expect(book.heads[0]?.authority ?? '').toMatch(/^(shop(:80)?|db:5432|)$/);
    expect(book.atUpstream()).toHaveLength(1);
  });

  it('with an empty authority leaves both header tables as they were to their ends', () => {
    const book = opened();
    // Both write what they say into the table, which upstream never hears of for the first.
    book.caller(headers(1, [...AT(''), ['x', 'y']], { insert: true }));
    book.caller(headers(3, [...AT('shop'), ['x', 'y']], { insert: true }));
    // By index what the two have inserted: 62 is the newest, five fields a request.
    book.caller(frame({ type: FRAME.headers, flags: 0x05, streamId: 5 }, hex('c2 c1 c0 bf be')));
    expect(book.heads.map(({ fault }) => fault)).toEqual(['bad_authority', null, null]);
    expect(book.atUpstream()).toEqual([
      `headers#3 ${GET_LINE('/a')} x=y end`,
      `headers#5 ${GET_LINE('/a')} x=y end`,
    ]);
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
