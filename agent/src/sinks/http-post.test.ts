import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { issueServerCertificate } from '../sandbox/kube-api/tls/certificates.ts';
import { type HttpReceiver, httpPost, retryAfter } from './http-post.ts';

let directory = '';
let server: Pick<Server, 'closeAllConnections' | 'close'> | null = null;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'post-'));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await rm(directory, { recursive: true, force: true });
});

async function listen(listener: RequestListener): Promise<string> {
  const listening = createServer(listener);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/secret-path`;
}

const receiver = (url: string, differs: Partial<HttpReceiver> = {}): HttpReceiver => ({
  url,
  caFile: '',
  tokenFile: '',
  gzip: false,
  timeoutMs: 10_000,
  userAgent: 'eastwall/0.1.0',
  now: () => 0,
  body: (lines) => `[${lines.join(',')}]`,
  refusedIn: () => 0,
  ...differs,
});

const NEVER = new AbortController().signal;

/** What becomes of two events at a server that answers like that. */
async function answered(status: number, headers: Record<string, string> = {}) {
  const url = await listen((_, response) => response.writeHead(status, headers).end());
  return httpPost(receiver(url))(['1', '2'], NEVER);
}

describe('httpPost', () => {
  it('posts JSON, with a token that is read anew each time, and compressed where asked for', async () => {
    const seen: { headers: IncomingHttpHeaders; body: string }[] = [];
    const url = await listen(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const bytes = Buffer.concat(parts);
      const { headers } = request;
      const isGzip = headers['content-encoding'] === 'gzip';
      seen.push({ headers, body: (isGzip ? gunzipSync(bytes) : bytes).toString() });
      response.end();
    });
    const tokenFile = join(directory, 'token');
    await writeFile(tokenFile, 'first\n');
    expect(await httpPost(receiver(url, { tokenFile }))(['{"a":1}', '2'], NEVER)).toEqual({
      kind: 'taken',
      refused: 0,
    });
    await writeFile(tokenFile, 'second');
    await httpPost(receiver(url, { tokenFile, gzip: true }))(['3'], NEVER);
    expect(seen).toMatchObject([
      {
        body: '[{"a":1},2]',
        headers: {
          authorization: 'Bearer first',
          'content-type': 'application/json',
          'user-agent': 'eastwall/0.1.0',
        },
      },
      { body: '[3]', headers: { authorization: 'Bearer second', 'content-encoding': 'gzip' } },
    ]);
  });

  it.each([500, 502, 503, 408, 429])('waits when the answer is %i', async (status) => {
    expect(await answered(status, { 'retry-after': '7' })).toMatchObject({ kind: 'later', afterMs: 7_000 });
  });

  it.each([301, 308, 401, 403, 404, 407])(
    'waits for an address or a token to be set right, when the answer is %i',
    async (status) => {
      const answer = await answered(status, { location: 'http://127.0.0.1:1/' });
      expect(answer).toMatchObject({ kind: 'later' });
    },
  );

  it.each([400, 415, 422])('gives up when the answer is %i', async (status) => {
    expect(await answered(status)).toMatchObject({ kind: 'refused' });
  });

  it('says when it was too much', async () => {
    expect(await answered(413)).toMatchObject({ kind: 'too-many' });
  });

  it('waits for who does not answer, or is not there, and tells no path, which may be a secret', async () => {
    const url = await listen(() => {});
    const silent = await httpPost(receiver(url, { timeoutMs: 50 }))(['1'], NEVER);
    server?.closeAllConnections();
    server?.close();
    const gone = await httpPost(receiver(url))(['1'], NEVER);
    const noToken = await httpPost(receiver(url, { tokenFile: join(directory, 'none') }))(['1'], NEVER);
    for (const answer of [silent, gone, noToken]) {
      expect(answer).toMatchObject({ kind: 'later', afterMs: null });
      expect(JSON.stringify(answer)).not.toContain('secret-path');
    }
  });
});

describe('httpPost over TLS', () => {
  it('trusts whom the certificates of the file vouch for, which may change, and nobody else', async () => {
    const [mine, other] = ['127.0.0.1', '127.0.0.1'].map((name) =>
      issueServerCertificate([name], new Date()),
    );
    if (mine === undefined || other === undefined) throw new Error('no certificates');
    const listening = createSecureServer({ key: mine.keyPem, cert: mine.certPem }, (_, response) =>
      response.end(),
    );
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(listening.address() as AddressInfo).port}/`;
    const caFile = join(directory, 'ca.crt');
    await writeFile(caFile, other.caPem);
    const post = httpPost(receiver(url, { caFile }));
    expect(await post(['1'], NEVER)).toMatchObject({ kind: 'later' });
    await writeFile(caFile, mine.caPem);
    expect(await post(['1'], NEVER)).toMatchObject({ kind: 'taken' });
    expect(await httpPost(receiver(url))(['1'], NEVER)).toMatchObject({ kind: 'later' });
  });
});

describe('retryAfter', () => {
  it.each([
    ['120', 120_000],
    ['Thu, 01 Jan 1970 00:00:05 GMT', 4_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', null],
    [undefined, null],
  ])('reads `%s`', (value, expected) => {
    expect(retryAfter(value, 1_000)).toBe(expected);
  });
});
