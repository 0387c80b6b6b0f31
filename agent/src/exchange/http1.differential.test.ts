import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestsByNode, responseByNode } from '../../testing/node-http.ts';
import { ALLOW, DENY, Playbook } from '../../testing/playbook.ts';
import { Http1Relay } from './http1-relay.ts';

/** Whatever the relay forwards, Node's parser (llhttp) must see as the same messages: no room for smuggling. */

const RUNS = Number(process.env['EASTWALL_FUZZ_RUNS'] ?? 3_000);
const TIMEOUT_MS = 600_000;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** A request that went upstream: as what it was judged, and its very bytes. */
interface Forwarded {
  readonly judged: string;
  readonly text: string;
}

/** The requests that the relay forwards, each answered as soon as it is asked. */
function forwardedRequests(text: string): Forwarded[] {
  const starts: number[] = [];
  const playbook = new Playbook((context) => new Http1Relay(context), {
    judge: (method, path) => {
      starts.push(playbook.sentTo('upstream').length);
      return method === 'DENIED' || path === '/denied' ? DENY : ALLOW;
    },
  });
  playbook.caller(Buffer.from(text, 'latin1'));
  for (let answered = 0; answered < playbook.judged.length && answered < 20; answered++)
    playbook.upstream(ANSWER);
  const sent = playbook.sentTo('upstream');
  const pieces = playbook.judged.map((judged, at) => ({
    judged,
    text: sent.slice(starts[at], starts[at + 1]),
  }));
  return pieces.filter((piece) => piece.text !== '');
}

/** As judged: the path without its query, also of an absolute-form target. */
const nameOf = ({ method, url }: { readonly method: string; readonly url: string }): string => {
  const origin = url.replace(/^https?:\/\/[^/?]*/i, '');
  return `${method} ${(origin.startsWith('/') || origin === '*' ? origin : `/${origin}`).replace(/\?.*/s, '')}`;
};

const FIELDS = [
  'Content-Length: 3',
  'Content-Length: 03',
  'Content-Length: 3, 3',
  'Content-Length: +3',
  'content-length:3',
  'Content-Length : 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: \tchunked ',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding:',
  'Transfer_Encoding: chunked',
  'X: a\r\n b',
  'X:\tv',
  'Connection: close',
  'Connection: keep-alive, Content-Length',
  'Connection: x, keep-alive',
  'Expect: 100-continue',
  'Expect: more',
  'Host: b',
  'X: \u00ff',
];
const BODIES = [
  '',
  'abc',
  '3\r\nabc\r\n0\r\n\r\n',
  '3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n',
  '3;x="y"\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
  '0\r\n\r\n',
  'abc0\r\n\r\n',
  '003\r\nabc\r\n0\r\n\r\n',
  '3 \r\nabc\r\n0\r\n\r\n',
  '0\r\nContent-Length: 5\r\n\r\n',
  '0\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n',
];
const NASTY = [
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  '\r\n',
  '\n\n',
  '\v',
  '0',
  'G',
  '\u0080',
  ';',
  ',',
  '\u0085',
];

const request = fc
  .record({
    before: fc.constantFrom('', '', '', '\r\n'),
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'),
    target: fc.constantFrom('/', '/a?b', '*', 'http://a/x', 'http://a?x', '/%2e', '//', '/denied'),
    version: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'),
    fields: fc.array(fc.constantFrom(...FIELDS), { maxLength: 3 }),
    body: fc.constantFrom(...BODIES),
  })
  .map(({ before, method, target, version, fields, body }) =>
    [`${before}${method} ${target} ${version}`, 'Host: a', ...fields, '', body].join('\r\n'),
  );

/** Small damage at random places. */
const damaged = (messages: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(messages, { minLength: 1, maxLength: 3 }),
      fc.array(fc.record({ at: fc.nat(400), drop: fc.nat(2), insert: fc.constantFrom('', ...NASTY) }), {
        maxLength: 2,
      }),
    )
    .map(([whole, mutations]) => {
      let text = whole.join('');
      for (const { at, drop, insert } of mutations) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + insert + text.slice(place + drop);
      }
      return text;
    });

describe('requests', () => {
  test(
    'what is forwarded is framed by llhttp exactly as it was judged, bodies included',
    async () => {
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(damaged(request), async (text) => {
          const forwarded = forwardedRequests(text);
          const together = await requestsByNode(forwarded.map((piece) => piece.text).join(''));
          // Node may refuse what we pass, but must not find another request in it than the one that was judged.
          expect(together.requests.map(nameOf)).toEqual(
            forwarded.slice(0, together.requests.length).map(({ judged }) => judged),
          );
          for (const [at, seen] of together.requests.entries()) {
            if (together.failed || !seen.complete) break;
            const alone = await requestsByNode(forwarded[at]?.text ?? '');
            expect(alone.requests).toEqual([seen]);
            compared++;
          }
        }),
        { numRuns: RUNS },
      );
      // The generator must not drift into producing refusals only.
      expect(compared).toBeGreaterThan(RUNS / 10);
    },
    TIMEOUT_MS,
  );
});

const RESPONSE_FIELDS = [
  ...FIELDS.filter((field) => !/^(Host|Expect)/.test(field)),
  'Connection: Transfer-Encoding',
  'Content-Length: 0',
  'Transfer-Encoding: identity',
];
const response = fc
  .record({
    line: fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.1 200 OK',
      'HTTP/1.1 200',
      'HTTP/1.1 204 No Content',
      'HTTP/1.1 304 Not Modified',
      'HTTP/1.1 100 Continue',
      'HTTP/1.1 103 Early Hints',
      'HTTP/1.1 500 \u00ff',
      'HTTP/1.0 200 OK',
    ),
    fields: fc.array(fc.constantFrom(...RESPONSE_FIELDS), { maxLength: 2 }),
    body: fc.constantFrom(...BODIES),
  })
  .map(({ line, fields, body }) => [line, ...fields, '', body].join('\r\n'));

/** What the caller of one request gets, and what was recorded. */
function relayedResponse(method: string, text: string) {
  const playbook = new Playbook((context) => new Http1Relay(context));
  playbook.caller(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).upstream(Buffer.from(text, 'latin1'));
  const open = playbook.records.length === 0;
  if (open) playbook.upstreamEnds();
  const closed = playbook.deeds.includes('finish caller');
  return { text: playbook.sentTo('caller'), closed, record: playbook.records[0] };
}

describe('responses', () => {
  test(
    'what the caller gets is one response to llhttp, too, with the status and end that were recorded',
    async () => {
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
          damaged(response),
          async (method, text) => {
            const relayed = relayedResponse(method, text);
            if (relayed.record?.outcome !== 'ok') return;
            const seen = await responseByNode(method, relayed.text, relayed);
            // Node may refuse what we pass, but must not take it for another response, or for less or more than one.
            if (seen === null) return;
            expect(seen.status).toBe(relayed.record.status);
            if (seen.failed) return;
            expect(seen.complete).toBe(true);
            compared++;
          },
        ),
        { numRuns: RUNS },
      );
      expect(compared).toBeGreaterThan(RUNS / 10);
    },
    TIMEOUT_MS,
  );
});
