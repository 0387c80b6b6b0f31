import { Buffer } from 'node:buffer';
import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Playbook } from '../../testing/playbook.ts';
import { Http1Relay } from './http1-relay.ts';

/** Whatever the relay forwards, Node's parser (llhttp) must see as the same requests: no room for smuggling. */

interface Framed {
  readonly method: string;
  readonly url: string;
  body: string;
}

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** The requests that the relay forwards, each answered at once: the method and path judged, and their exact bytes. */
function relayed(bytes: Buffer): { judged: string[]; forwarded: string; refused: boolean } {
  const playbook = new Playbook((context) => new Http1Relay(context));
  playbook.caller(bytes);
  for (let answered = 0; answered < playbook.judged.length && answered < 20; answered++)
    playbook.upstream(RESPONSE);
  const refused = playbook.records.some((record) => record.outcome === 'malformed_request');
  return { judged: playbook.judged, forwarded: playbook.sentTo('upstream'), refused };
}

class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

/** What Node makes of a byte stream: complete requests, and whether it then refused the rest. */
async function parsedByNode(text: string): Promise<{ requests: Framed[]; failed: boolean }> {
  const requests: Framed[] = [];
  let failed = false;
  const server = createServer((request: IncomingMessage, response) => {
    const framed = { method: request.method ?? '', url: request.url ?? '', body: '' };
    requests.push(framed);
    request.on('data', (part: Buffer) => {
      framed.body += part.toString('latin1');
    });
    response.end();
  });
  const wire = new Wire();
  const done = new Promise<void>((resolve) => {
    wire.on('close', resolve);
    wire.on('finish', resolve);
    server.on('clientError', () => {
      failed = true;
      wire.destroy();
    });
  });
  server.emit('connection', wire);
  wire.push(Buffer.from(text, 'latin1'));
  wire.push(null);

  await done;
  wire.destroy();
  return { requests, failed };
}

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
  'Transfer_Encoding: chunked',
  'X: a\r\n b',
  'X:\tv',
  'Connection: close',
  'Connection: keep-alive, Content-Length',
  'Expect: 100-continue',
  'Host: b',
  'X: \u00ff',
];
const BODIES = [
  '',
  'abc',
  '3\r\nabc\r\n0\r\n\r\n',
  '3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n',
  '0\r\n\r\n',
  'abc0\r\n\r\n',
  '003\r\nabc\r\n0\r\n\r\n',
];
const NASTY = ['\r', '\n', '\0', ' ', '\t', ':', '\r\n', '\n\n', '\v', '0', 'G', '\u0080', ';', ','];

const request = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'),
    target: fc.constantFrom('/', '/a?b', '*', 'http://a/x', '/%2e', '//'),
    version: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'),
    fields: fc.array(fc.constantFrom(...FIELDS), { maxLength: 3 }),
    body: fc.constantFrom(...BODIES),
  })
  .map(({ method, target, version, fields, body }) =>
    [`${method} ${target} ${version}`, 'Host: a', ...fields, '', body].join('\r\n'),
  );

const mutation = fc.record({ at: fc.nat(400), drop: fc.nat(2), insert: fc.constantFrom('', ...NASTY) });
const stream = fc
  .tuple(fc.array(request, { minLength: 1, maxLength: 3 }), fc.array(mutation, { maxLength: 2 }))
  .map(([requests, mutations]) => {
    let text = requests.join('');
    for (const { at, drop, insert } of mutations) {
      const place = at % (text.length + 1);
      text = text.slice(0, place) + insert + text.slice(place + drop);
    }
    return text;
  });

const RUNS = Number(process.env['EASTWALL_FUZZ_RUNS'] ?? 5_000);

test('what is forwarded is framed by llhttp exactly as it was judged', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(stream, async (text) => {
      const { judged, forwarded } = relayed(Buffer.from(text, 'latin1'));
      const node = await parsedByNode(forwarded);
      // Node may refuse more than we do, and a body may still be on its way; what it does take must be what was judged.
      const seen = node.requests
        .filter(({ method }) => method !== 'broken')
        .map(({ method, url }) => `${method} ${pathOf(url)}`);
      expect(judged.slice(0, seen.length)).toEqual(seen);
      if (!node.failed && judged.length === seen.length) compared++;
    }),
    { numRuns: RUNS },
  );
  // The generator must not drift into producing refusals only.
  expect(compared).toBeGreaterThan(RUNS / 4);
}, 120_000);

const pathOf = (url: string): string => {
  const origin = url.replace(/^http:\/\/[^/?]*/, '');
  return (origin === '' ? '/' : origin).replace(/\?.*/s, '');
};
