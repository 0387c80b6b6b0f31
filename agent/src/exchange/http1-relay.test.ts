import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALLOW, DENY, Playbook, type PlaybookOptions } from '../../testing/playbook.ts';
import { Http1Relay } from './http1-relay.ts';

const uploading = ({ relay }: Playbook) => (relay as Http1Relay).uploading;
const play = (options?: PlaybookOptions) => new Playbook((context) => new Http1Relay(context), options);
const GET = 'GET /orders?user=7 HTTP/1.1\r\nHost: orders\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const denyAdmin: PlaybookOptions = { judge: (_, path) => (path.startsWith('/admin') ? DENY : ALLOW) };
const ADMIN = 'GET /admin HTTP/1.1\r\nHost: orders\r\n\r\n';

describe('forwarding', () => {
  test('a request and its response pass byte for byte and leave one record', () => {
    const p = play().caller(GET).upstream(OK);
    expect(p.deeds).toEqual([{ upstream: GET }, { caller: OK }]);
    expect(p.judged).toEqual(['GET /orders']);
    expect(p.records).toEqual([
      {
        protocol: 'http1',
        method: 'GET',
        path: '/orders',
        host: 'orders',
        status: 200,
        outcome: 'ok',
        fault: '',
        decision: ALLOW,
      },
    ]);
  });

  test('the trace of a request is noted where somebody wants to know, refused or not, and never of another', () => {
    const traced = (path: string) => `GET ${path} HTTP/1.1\r\nHost: orders\r\nTraceparent: 00-x\r\n\r\n`;
    const tell = (p: Playbook) =>
      p
        .caller(traced('/orders'))
        .upstream(OK)
        .caller(traced('/admin'), ADMIN)
        .records.map((r) => r.traceparent);
    expect(tell(play({ ...denyAdmin, traced: true }))).toEqual(['00-x', '00-x', undefined]);
    expect(tell(play(denyAdmin))).toEqual([undefined, undefined, undefined]);
  });

  test('keep-alive: the next request starts a new exchange', () => {
    const p = play().caller(GET).upstream(OK).caller(GET).upstream(OK);
    expect(p.records).toHaveLength(2);
    expect(p.sentTo('upstream')).toBe(GET + GET);
  });

  test('nothing goes upstream before the whole head is there', () => {
    const p = play().caller('GET /orders HTTP/1.1\r\nHost: orders\r\n');
    expect(p.deeds).toEqual([]);
    expect(p.caller('\r\n').sentTo('upstream')).toBe('GET /orders HTTP/1.1\r\nHost: orders\r\n\r\n');
  });

  test('pipelined requests wait for their turn', () => {
    const p = play().caller(GET + GET);
    expect(p.deeds).toEqual([{ upstream: GET }]);
    p.upstream(OK);
    expect(p.deeds.slice(1)).toEqual([{ caller: OK }, { upstream: GET }]);
    p.upstream(OK);
    expect(p.records).toHaveLength(2);
  });

  test('no more than a head is read ahead', () => {
    const p = play({ limits: { maxHeadBytes: 2 * GET.length } }).caller(GET + GET, GET, GET, GET);
    expect(p.deeds).toEqual([{ upstream: GET }, 'hold']);
    p.upstream(OK);
    expect(p.deeds.slice(2)).toEqual([{ caller: OK }, 'resume', { upstream: GET }, 'hold']);
    p.upstream(OK).upstream(OK);
    expect(p.deeds.slice(-2)).toEqual([{ caller: OK }, { upstream: GET }]);
  });

  test.each([
    ['by length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'],
    [
      'chunked',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=1\r\nhello\r\n0\r\nT: v\r\n\r\n',
    ],
  ])('a request body %s ends where it says', (_, post) => {
    const p = play().caller(post + GET);
    expect(p.sentTo('upstream')).toBe(post);
    expect(p.upstream(OK).sentTo('upstream')).toBe(post + GET);
  });

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'],
  ])('a %s response without a body is complete at once', (method, response) => {
    const p = play().caller(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).upstream(response);
    expect(p.records).toHaveLength(1);
  });

  test('interim responses pass before the final one', () => {
    const p = play().caller(GET).upstream(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`);
    expect(p.records.map((record) => record.status)).toEqual([200]);
    expect(p.sentTo('caller')).toContain('103 Early Hints');
  });

  test('a response without length ends with the connection', () => {
    const p = play().caller(GET).upstream('HTTP/1.1 200 OK\r\n\r\nsome', ' more').upstreamEnds();
    expect(p.records).toMatchObject([{ status: 200, outcome: 'ok' }]);
    expect(p.deeds.slice(-2)).toEqual(['finish caller', 'finish upstream']);
  });

  test('an answer before the body is complete leaves the body flowing', () => {
    const p = play().caller('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc').upstream(OK);
    expect(p.records).toEqual([]);
    p.caller('defghi');
    expect(p.sentTo('upstream')).toMatch(/abcdefghi$/);
    expect(p.records).toMatchObject([{ status: 200, outcome: 'ok' }]);
  });
});

describe('ends', () => {
  test('a response that says it is the last ends the caller with it, and upstream ends itself', () => {
    const last = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi';
    const p = play().caller(GET).upstream(last);
    expect(p.deeds).toEqual([{ upstream: GET }, { caller: last }, 'finish caller']);
    p.caller(GET);
    expect(p.sentTo('upstream')).toBe(GET);
    p.upstreamEnds();
    expect(p.deeds).toContain('finish upstream');
    expect(p.records).toHaveLength(1);
  });

  test('FIN does not come before the rest of the request has been passed on', () => {
    const last = 'HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno';
    const p = play().caller('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc').upstream(last);
    expect(p.deeds.at(-1)).toEqual({ caller: last });
    p.caller('defghi');
    expect(p.deeds.slice(-2)).toEqual([{ upstream: 'defghi' }, 'finish caller']);
  });

  test('a half-close after the request is carried over', () => {
    const p = play().caller(GET).callerEnds();
    expect(p.deeds).toEqual([{ upstream: GET }, 'finish upstream']);
    expect(p.upstream(OK).records).toMatchObject([{ outcome: 'ok' }]);
  });

  test('a half-close waits for pipelined requests', () => {
    const p = play()
      .caller(GET + GET)
      .callerEnds();
    expect(p.deeds).not.toContain('finish upstream');
    expect(p.upstream(OK).deeds.at(-1)).toBe('finish upstream');
  });

  test('upstream hanging up without a word hangs up on the caller', () => {
    const p = play().caller(GET).upstreamEnds();
    expect(p.deeds.slice(-2)).toEqual(['finish caller', 'finish upstream']);
    expect(p.records).toMatchObject([{ outcome: 'upstream_reset', status: 0 }]);
  });

  test('an idle connection that upstream closes leaves no further record', () => {
    expect(play().caller(GET).upstream(OK).upstreamEnds().records).toHaveLength(1);
  });

  test('a connection that breaks off is recorded once', () => {
    const p = play().caller(GET);
    p.relay.abandon('caller_reset', 5);
    p.relay.abandon('upstream_reset', 6);
    expect(p.records).toMatchObject([{ outcome: 'caller_reset' }]);
  });
});

describe('denial', () => {
  test('the caller gets a problem that explains itself, upstream gets nothing', () => {
    const p = play(denyAdmin).caller(ADMIN);
    expect(p.sentTo('upstream')).toBe('');
    const [head, body] = p.sentTo('caller').split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 403 Forbidden\r\ncontent-type: application\/problem\+json/);
    expect(head).toContain('eastwall-decision: ew-1');
    expect(JSON.parse(body ?? '')).toMatchObject({
      status: 403,
      reason: 'denied_by_rule',
      policy: 'shop/p',
      rule: 'no',
      decision: 'ew-1',
    });
    expect(p.records).toMatchObject([{ outcome: 'denied', status: 403 }]);
  });

  test('the connection goes on with the next request', () => {
    const p = play(denyAdmin).caller(ADMIN).caller(GET);
    expect(p.sentTo('upstream')).toBe(GET);
  });

  test('a small body of a denied request is thrown away, whatever it looks like', () => {
    const p = play(denyAdmin).caller(
      `POST /admin HTTP/1.1\r\nHost: a\r\nContent-Length: ${GET.length}\r\n\r\n${GET}${GET}`,
    );
    expect(p.sentTo('upstream')).toBe(GET);
    expect(p.judged).toEqual(['POST /admin', 'GET /orders']);
  });

  test.each([
    ['large', 'POST /admin HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n'],
    ['chunked', 'POST /admin HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['announced', 'POST /admin HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n'],
    ['last', 'GET /admin HTTP/1.0\r\n\r\n'],
  ])('after a denied request that is %s the connection is closed', (_, request) => {
    const p = play(denyAdmin).caller(request).caller(GET);
    expect(p.sentTo('caller')).toContain('connection: close');
    expect(p.deeds.slice(1)).toEqual(['drop upstream', 'finish caller']);
    expect(p.records).toHaveLength(1);
  });

  test('a denial in a pipeline takes its turn', () => {
    const p = play(denyAdmin).caller(GET + ADMIN + GET);
    p.upstream(OK);
    expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 200 OK[\s\S]*HTTP\/1.1 403/);
    expect(p.sentTo('upstream')).toBe(GET + GET);
  });

  test('a denied HEAD gets no body', () => {
    expect(play(denyAdmin).caller(ADMIN.replace('GET', 'HEAD')).sentTo('caller')).toMatch(/\r\n\r\n$/);
  });
});

describe('malformed input', () => {
  test('a malformed request is answered 400, closed, and upstream sees none of it', () => {
    const p = play().caller('GET / HTTP/1.1\r\nHost : a\r\n\r\n').caller(GET);
    expect(p.sentTo('upstream')).toBe('');
    expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 400 Bad Request/);
    expect(p.deeds.slice(1)).toEqual(['drop upstream', 'finish caller']);
    expect(p.records).toMatchObject([{ outcome: 'malformed_request', fault: 'bad_field_name', status: 400 }]);
  });

  test('a bare LF is refused even when no proper end of head ever comes', () => {
    expect(play().caller('GET / HTTP/1.1\r\nHo', 'st: a\n\n').sentTo('caller')).toMatch(/^HTTP\/1.1 400/);
  });

  test('a malformed chunk in a body that is under way ends both sides', () => {
    const p = play()
      .caller('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
      .caller('xyz');
    expect(p.deeds.slice(-2)).toEqual(['drop upstream', 'finish caller']);
    expect(p.records).toMatchObject([{ outcome: 'malformed_request', fault: 'bad_chunk' }]);
  });

  test('a head over the limit is answered 431', () => {
    const p = play({ limits: { maxHeadBytes: 100 } }).caller(`GET / HTTP/1.1\r\nX: ${'a'.repeat(100)}`);
    expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 431 /);
  });

  test('a head that takes too long is answered 408', () => {
    const p = play().caller('GET / HT');
    expect(p.relay.headSince).toBe(1);
    p.relay.expire(9);
    expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 408 /);
    expect(p.records).toMatchObject([{ outcome: 'timeout', status: 408 }]);
  });

  test('a body that takes too long is answered 408, unless upstream has begun to answer', () => {
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc';
    const p = play().caller(post);
    expect(uploading(p)).toMatchObject({ bytesSent: post.length });
    p.relay.expire(9);
    expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 408 /);
    expect(p.deeds.slice(-2)).toEqual(['drop upstream', 'finish caller']);
    expect(p.records).toMatchObject([{ outcome: 'timeout', status: 408 }]);
    const answered = play().caller(post).upstream('HTTP/1.1 200 OK\r\n\r\n');
    expect(uploading(answered)).toBeNull();
    const early = play().caller(post).upstream(OK);
    expect(uploading(early)).not.toBeNull();
    early.relay.expire(9);
    expect(early.sentTo('caller')).toBe(OK);
    expect(early.deeds.slice(-2)).toEqual(['drop upstream', 'finish caller']);
    expect(early.records).toMatchObject([{ outcome: 'timeout', status: 200 }]);
    expect(uploading(play().caller(`${post}defghi`))).toBeNull();
  });

  test('a denied body that takes too long to be thrown away ends the connection, without another answer', () => {
    const p = play(denyAdmin).caller('POST /admin HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc');
    expect(uploading(p)).not.toBeNull();
    p.relay.expire(9);
    expect(p.deeds.at(-1)).toBe('abort');
    expect(p.records).toMatchObject([{ outcome: 'denied' }]);
  });

  test.each([
    ['garbage', 'SSH-2.0-x\r\n\r\n', 'bad_status'],
    [
      'two framings',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'length_and_encoding',
    ],
    ['an unasked upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'bad_upgrade'],
  ])('a response of %s becomes a 502', (_, response, fault) => {
    const p = play().caller(GET).upstream(response);
    expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 502 Bad Gateway/);
    expect(p.records).toMatchObject([{ outcome: 'malformed_response', fault }]);
  });

  test('bytes after a complete response never reach the caller', () => {
    const p = play().caller(GET).upstream(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
    expect(p.sentTo('caller')).toBe(OK);
    expect(p.deeds.slice(-2)).toEqual(['drop upstream', 'finish caller']);
    expect(p.records).toMatchObject([
      { status: 200, outcome: 'malformed_response', fault: 'unexpected_bytes' },
    ]);
  });

  test('bytes after a complete response are no answer to the request that waits behind it', () => {
    const head = 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n';
    const p = play().caller(head + GET);
    p.upstream(`HTTP/1.1 200 OK\r\nContent-Length: ${OK.length}\r\n\r\n${OK}`);
    expect(p.sentTo('upstream')).toBe(head);
    expect(p.sentTo('caller')).not.toContain('hi');
    expect(p.deeds.slice(-2)).toEqual(['drop upstream', 'finish caller']);
  });

  test('a body that turns out malformed after its response is complete gets no second answer', () => {
    const p = play().caller('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n').upstream(OK);
    p.caller('xyz');
    expect(p.sentTo('caller')).toBe(OK);
    expect(p.deeds.slice(-2)).toEqual(['drop upstream', 'finish caller']);
    expect(p.records).toMatchObject([{ status: 200, outcome: 'malformed_request', fault: 'bad_chunk' }]);
  });

  test('a body that turns out malformed while its response is under way breaks both off', () => {
    const p = play().caller('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    p.upstream('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart').caller('xyz');
    expect(p.deeds.at(-1)).toBe('abort');
    expect(p.records).toHaveLength(1);
  });

  test('a caller whose pipelined requests will not be asked any more is read on, to its end', () => {
    const p = play({ limits: { maxHeadBytes: GET.length } })
      .caller(GET + GET + GET)
      .upstream('garbage!\r\n\r\n')
      .caller(GET);
    expect(p.deeds.slice(-3)).toEqual(['drop upstream', 'finish caller', 'resume']);
    expect(p.sentTo('upstream')).toBe(GET);
  });

  test('a response head that is too large becomes a 502, however it is cut', () => {
    const response = `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(8192)}\r\nContent-Length: 2\r\n\r\nhi`;
    for (const cut of [0, 1, 4_000, 8_200, response.length - 3]) {
      const p = play().caller(GET).upstream(response.slice(0, cut), response.slice(cut));
      expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 502 /);
      expect(p.records).toMatchObject([{ outcome: 'malformed_response', fault: 'head_too_large' }]);
    }
  });

  test('a response head cut off by the end of the connection becomes a 502', () => {
    expect(play().caller(GET).upstream('HTTP/1.1 20').upstreamEnds().sentTo('caller')).toMatch(
      /^HTTP\/1.1 502/,
    );
  });
});

/** Cuts a text at the given places. */
function cut(text: string, places: readonly number[]): string[] {
  const edges = [
    0,
    ...[...new Set(places.map((place) => place % text.length))].sort((a, b) => a - b),
    text.length,
  ];
  return edges.slice(1).map((edge, i) => text.slice(edges[i], edge));
}

describe('any cut of the input', () => {
  const requests = `${GET}POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${ADMIN}${GET}`;
  const responses = `${OK}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n${OK}`;

  /** Feeds requests first; responses only as they fall due, as a server would. */
  const run = (callerReads: string[], upstreamReads: string[]) => {
    const p = play(denyAdmin).caller(...callerReads);
    for (const read of upstreamReads) p.upstream(read);
    return { upstream: p.sentTo('upstream'), caller: p.sentTo('caller'), records: p.records };
  };

  test('gives the same bytes on both sides and the same records', () => {
    const whole = run([requests], [OK, responses.slice(OK.length, -OK.length), OK]);
    expect(whole.records).toHaveLength(4);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 20 }), (a, b) => {
        const ends = [OK.length, responses.length - OK.length];
        expect(run(cut(requests, a), cut(responses, [...b, ...ends]))).toEqual(whole);
      }),
    );
  });

  test('of random bytes never throws and never sends upstream what was not judged', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (reads) => {
        const p = play();
        p.caller(...reads);
        if (p.judged.length === 0) expect(p.sentTo('upstream')).toBe('');
      }),
    );
  });
});
