import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALLOW, DENY, Playbook, type PlaybookOptions } from '../../testing/playbook.ts';
import { REFUSAL, RecordingWatcher, type WatchOptions } from '../../testing/recording-watch.ts';
import { Http1Relay } from './http1-relay.ts';

const uploading = ({ relay }: Playbook) => (relay as Http1Relay).uploading;
const GET =
  'GET /a?id=7 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer x\r\nCookie: a=b; c=d\r\nX-Api-Key: k\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi';
const POST = 'POST /a HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n';
const LENGTH = `${POST}Content-Length: 10\r\n\r\n0123456789`;
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n4;x=y\r\n0123\r\n6\r\n456789\r\n0\r\nSum: 1\r\n\r\n`;
const SAID = '1 request POST shop/a contentType=application/json contentEncoding=gzip allowed_by_rule';

function play(watch: WatchOptions = {}, options: PlaybookOptions = {}) {
  const watcher = new RecordingWatcher(watch);
  return {
    watcher,
    seen: watcher.seen,
    p: new Playbook((context) => new Http1Relay(context), { ...options, watcher }),
  };
}

describe('guards are shown', () => {
  test('what heads say, for one exchange after the other', () => {
    const { p, seen } = play();
    p.caller(GET).upstream(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nLocation: /a/7\r\nDeprecation: @1\r\nSunset: soon\r\nContent-Encoding: br\r\nContent-Length: 0\r\n\r\n',
    );
    p.caller(
      'GET http://shop?q HTTP/1.1\r\nHost: shop\r\nAuthorization: 1\r\nauthorization: 2\r\n\r\n',
    ).upstream(OK);
    expect(seen).toEqual([
      '1 request GET shop/a query=id=7 authorization=Bearer x cookie=a=b; c=d apiKey=k allowed_by_rule',
      '1 response 201 contentEncoding=br location=/a/7 deprecation=@1 sunset=soon',
      '1 end ok 201',
      '1 request GET shop/ query=q authorization=1 allowed_by_rule',
      '1 response 200 contentType=text/plain',
      '1 end ok 200',
    ]);
  });

  test('nothing of what policy denies or nobody can read', () => {
    const { p, seen } = play({}, { judge: (_, path) => (path === '/a' ? DENY : ALLOW) });
    p.caller(GET, 'GET / HTTP/1.1\r\n\r\n');
    expect(p.records).toHaveLength(2);
    expect(seen).toEqual([]);
  });

  test.each([
    ['a length', LENGTH],
    ['chunks', CHUNKED],
  ])('content with %s, both ways', (_, request) => {
    const { p, seen } = play({ reading: 'stream', responseReading: 'stream' });
    p.caller(request).upstream(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n',
    );
    expect(p.sentTo('upstream')).toBe(request);
    expect(seen).toEqual([
      SAID,
      '1 sent 0123456789',
      '1 all read',
      '1 response 200',
      '1 received abc',
      '1 end ok 200',
    ]);
  });

  test('a response that ends with its connection', () => {
    const { p, seen } = play({ responseReading: 'stream' });
    p.caller(GET).upstream('HTTP/1.1 200 OK\r\n\r\nab', 'c').upstreamEnds();
    expect(seen.slice(1)).toEqual(['1 response 200', '1 received abc', '1 end ok 200']);
  });

  test('no body where there is none, and no more of one than was enough', () => {
    const bodiless = play({ reading: 'whole', responseReading: 'stream' });
    bodiless.p.caller('HEAD /a HTTP/1.1\r\nHost: shop\r\n\r\n').upstream(OK.slice(0, -2));
    expect(bodiless.seen.slice(1)).toEqual(['1 response 200 contentType=text/plain', '1 end ok 200']);
    const enough = play({ reading: 'stream', enough: (content) => content.length >= 4 });
    enough.p.caller(...CHUNKED);
    expect(enough.seen).toEqual([SAID, '1 sent 0123', '1 not all read']);
    expect(enough.p.sentTo('upstream')).toBe(CHUNKED);
  });

  test('the end of an exchange that breaks off, or is switched to another protocol', () => {
    const cut = play({ reading: 'stream' });
    cut.p.caller(LENGTH.slice(0, -3)).relay.abandon('caller_reset', 2);
    expect(cut.seen).toEqual([SAID, '1 sent 0123456', '1 end caller_reset 0']);
    const switched = play({ reading: 'stream' });
    switched.p.caller('GET / HTTP/1.1\r\nHost: shop\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    switched.p.upstream('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n').caller('frame');
    switched.p.relay.abandon('ok', 3);
    expect(switched.seen.slice(1)).toEqual(['1 response 101', '1 end ok 101']);
  });
});

describe('a request that guards refuse', () => {
  test('is answered with what they say, and the connection goes on', () => {
    const { p, seen } = play({ request: (view) => (view.query() === 'id=7' ? REFUSAL : null) });
    p.caller(GET);
    expect(p.sentTo('caller')).toMatch(
      /^HTTP\/1.1 429 Too Many Requests\r\n.*retry-after: 7\r\nratelimit: "p";r=0;t=7\r\n/s,
    );
    expect(p.sentTo('caller')).toContain('"reason":"rate_limited"');
    p.caller('GET /b HTTP/1.1\r\nHost: shop\r\n\r\n');
    expect(p.sentTo('upstream')).toBe('GET /b HTTP/1.1\r\nHost: shop\r\n\r\n');
    expect(p.records).toMatchObject([
      { outcome: 'denied', status: 429, decision: { reason: 'rate_limited' } },
    ]);
    expect(seen[1]).toBe('1 end denied 429');
  });

  test('goes on when the refusal is not in earnest, and is recorded with it', () => {
    const decision = { ...REFUSAL.decision, verdict: 'would-deny' as const };
    const { p } = play({ request: () => ({ ...REFUSAL, decision }) });
    p.caller(GET).upstream(OK);
    expect(p.sentTo('caller')).toBe(OK);
    expect(p.records).toMatchObject([{ outcome: 'ok', status: 200, decision: { verdict: 'would-deny' } }]);
  });
});

describe('a request that is withheld', () => {
  const refuseBody = (content: string) => (content.includes('5') ? REFUSAL : null);

  test.each([LENGTH, CHUNKED])('goes on in one piece once its body was seen', (request) => {
    const { p, seen } = play({ reading: 'whole' });
    p.caller(request.slice(0, -1));
    expect(p.sentTo('upstream')).toBe('');
    expect(p.relay.withheldSince).toBe(1);
    expect(uploading(p)).toMatchObject({ bytesSent: request.length - 1 });
    p.caller(`${request.slice(-1)}GET /b`);
    expect(p.sentTo('upstream')).toBe(request);
    expect(p.relay.withheldSince).toBe(0);
    p.upstream(OK).caller(' HTTP/1.1\r\nHost: shop\r\n\r\n');
    expect(seen.slice(0, 6)).toEqual([
      SAID,
      '1 sent 0123456789',
      '1 all read',
      '1 response 200 contentType=text/plain',
      '1 end ok 200',
      '1 request GET shop/b allowed_by_rule',
    ]);
  });

  test.each([LENGTH, CHUNKED])(
    'and refused never shows upstream a byte, and the connection goes on',
    (request) => {
      const { p } = play({ reading: 'whole', bodyEnd: refuseBody });
      p.caller(request + GET);
      expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 429 /);
      expect(p.sentTo('upstream')).toBe(GET);
      expect(p.records).toMatchObject([{ outcome: 'denied', status: 429 }]);
    },
  );

  test('is let go at the bound, with the rest as it comes', () => {
    const { p, seen } = play({ reading: 'whole' }, { limits: { maxHeldBytes: 6 } });
    p.caller(...LENGTH);
    expect(p.sentTo('upstream')).toBe(LENGTH);
    expect(seen).toEqual([SAID, '1 sent 012345', '1 not all read']);
  });

  test('may be refused at the bound: a short rest is thrown away, and one without a length ends the connection', () => {
    const short = play({ reading: 'whole', bodyEnd: () => REFUSAL }, { limits: { maxHeldBytes: 6 } });
    short.p.caller(...LENGTH, ...GET);
    expect(short.p.sentTo('caller')).not.toContain('connection: close');
    expect(short.p.sentTo('upstream')).toBe(GET);
    const chunked = play({ reading: 'whole', bodyEnd: () => REFUSAL }, { limits: { maxHeldBytes: 6 } });
    chunked.p.caller(...CHUNKED);
    expect(chunked.p.sentTo('caller')).toContain('connection: close');
    expect(chunked.p.deeds.slice(-2)).toEqual(['drop upstream', 'finish caller']);
  });

  test('is let go when enough was seen, or time is up', () => {
    const enough = play({ reading: 'whole', enough: (content) => content.length >= 4 });
    enough.p.caller(LENGTH.slice(0, -4));
    expect(enough.p.sentTo('upstream')).toBe(LENGTH.slice(0, -4));
    const late = play({ reading: 'whole' });
    late.p.caller(LENGTH.slice(0, -4)).relay.letGo(1, 9);
    expect(late.p.sentTo('upstream')).toBe(LENGTH.slice(0, -4));
    late.p.caller(LENGTH.slice(-4)).upstream(OK);
    expect(late.seen.slice(1)).toEqual([
      '1 sent 012345',
      '1 not all read',
      '1 response 200 contentType=text/plain',
      '1 end ok 200',
    ]);
  });

  test('is told to go on by us when it waits for that, and not by upstream again', () => {
    const { p } = play({ reading: 'whole' });
    const head = `${POST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`;
    p.caller(head);
    expect(p.deeds).toEqual([{ caller: 'HTTP/1.1 100 Continue\r\n\r\n' }]);
    p.caller('abc').upstream('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n', OK);
    expect(p.deeds.slice(1)).toEqual([
      { upstream: `${head}abc` },
      { caller: `HTTP/1.1 103 Early Hints\r\n\r\n${OK}` },
    ]);
  });

  test.each<[string, (p: Playbook) => void, string, RegExp]>([
    ['the caller ends it', (p) => p.callerEnds(), 'malformed_request', /^HTTP\/1.1 400/],
    ['it is malformed', (p) => p.caller('x'), 'malformed_request', /^HTTP\/1.1 400/],
    ['its time is up', (p) => p.relay.expire(9), 'timeout', /^HTTP\/1.1 408/],
    ['upstream ends', (p) => p.upstreamEnds(), 'upstream_reset', /^$/],
    ['upstream speaks', (p) => p.upstream(OK), 'malformed_response', /^$/],
  ])('breaks off when %s, and upstream has seen nothing', (_, act, outcome, answer) => {
    const { p, seen } = play({ reading: 'whole' });
    p.caller(CHUNKED.slice(0, CHUNKED.indexOf('6\r\n4')));
    act(p);
    expect(p.sentTo('upstream')).toBe('');
    expect(p.sentTo('caller')).toMatch(answer);
    expect(p.records).toMatchObject([{ outcome }]);
    expect(seen.filter((line) => line.startsWith('1 end'))).toHaveLength(1);
    expect(seen).not.toContain('1 all read');
  });
});

describe('any cut of the input', () => {
  const requests = [GET, CHUNKED, LENGTH, `${POST}Content-Length: 12\r\n\r\nabcdefghijkl`, GET];
  const cuts = fc.array(fc.nat(), { maxLength: 25 });

  test.each<['nothing' | 'stream' | 'whole']>([['nothing'], ['stream'], ['whole']])(
    'shows guards the same, and forwards the same: %s',
    (reading) => {
      const bodyEnd = (content: string) => (content.includes('abc') ? REFUSAL : null);
      const all = requests.join('');
      const forwarded = requests.filter((text) => reading !== 'whole' || !text.includes('abc')).join('');
      fc.assert(
        fc.property(cuts, (places) => {
          const { p, seen } = play({ reading, bodyEnd }, { limits: { maxHeldBytes: 60 } });
          p.caller(...cut(all, places));
          for (let at = 0; at < requests.length; at++) if (!p.relay.idle) p.upstream(OK);
          expect(p.sentTo('upstream')).toBe(forwarded);
          expect(p.records).toHaveLength(requests.length);
          expect(seen.filter((line) => line.includes(' sent '))).toEqual(
            reading === 'nothing' ? [] : ['1 sent 0123456789', '1 sent 0123456789', '1 sent abcdefghijkl'],
          );
        }),
      );
    },
  );
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
