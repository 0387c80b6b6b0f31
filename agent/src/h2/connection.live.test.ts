import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  constants as h2,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type SessionOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FORBIDDEN, type RelayServerOptions, startRelay } from '../../testing/h2/relay-server.ts';
import type { Denial } from './exchange.ts';
import type { RequestHead } from './request-head.ts';

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: string[]) => void;

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly raw: string[];
}

const pairsOf = (raw: readonly string[]): [string, string][] =>
  Array.from({ length: raw.length / 2 }, (_, at) => [raw[at * 2] ?? '', raw[at * 2 + 1] ?? '']);

const denyPrivate = (head: RequestHead): Denial | null =>
  head.path.startsWith('/private') ? FORBIDDEN : null;

/** Real server, relay and client; leaving the scope fails the test if the client's session saw an error. */
async function between(
  answer: Answer,
  options: Partial<RelayServerOptions> & { client?: SessionOptions; server?: SessionOptions } = {},
) {
  const server = createServer(options.server ?? {});
  server.on('stream', (stream, headers, _flags, raw) => {
    stream.on('error', () => stream.destroy());
    answer(stream, headers, raw as unknown as string[]);
  });
  server.on('sessionError', (error) => errors.push(error));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const relay = await startRelay({ upstreamPort: (server.address() as AddressInfo).port, ...options });
  const session = connect(`http://127.0.0.1:${relay.port}`, options.client ?? {});
  const errors: Error[] = [];
  session.on('error', (error) => errors.push(error));
  return {
    relay,
    session,
    errors,
    async [Symbol.asyncDispose]() {
      session.destroy();
      await relay[Symbol.asyncDispose]();
      server.close();
    },
  };
}

async function replyTo(stream: ClientHttp2Stream): Promise<Reply> {
  const chunks: Buffer[] = [];
  let trailers: IncomingHttpHeaders = {};
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('trailers', (headers) => {
    trailers = headers;
  });
  const [headers, , raw] = (await once(stream, 'response')) as [IncomingHttpHeaders, number, string[]];
  if (!stream.readableEnded) await once(stream, 'end');
  const status = Number(headers[':status']);
  return { status, headers, trailers, body: Buffer.concat(chunks), raw };
}

const request = (session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: Buffer | string) => {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return replyTo(stream);
};

/** A stream's end, well or not. */
const closeOf = (stream: ClientHttp2Stream) =>
  new Promise<void>((resolve) => {
    stream.on('error', () => stream.destroy());
    stream.on('close', resolve);
  });

const echo: Answer = (stream, headers) => {
  stream.respond(
    { ':status': 200, 'x-path': headers[':path'], 'x-id': headers['x-id'] },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': String(headers['x-id']) }));
  stream.pipe(stream);
};

/** As most servers do: what a request means is known when it is complete. */
const readAndEcho: Answer = (stream) => {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    // Node ends a stream that was reset, too.
    if (stream.destroyed) return;
    stream.respond({ ':status': 200 });
    stream.end(Buffer.concat(chunks));
  });
};

describe('a real client and a real server', () => {
  it.each([
    ['as it is read', 65_536],
    ['in pieces of 11 bytes', 11],
  ])(
    'withheld requests, let go and denied, that together are many windows long, %s',
    async (_, pieceBytes) => {
      const complete = new Map<string, boolean>();
      const watch = ({ path }: RequestHead) => {
        let content = '';
        return {
          reading: 'whole' as const,
          content(bytes: Uint8Array, start: number, end: number) {
            content += Buffer.from(bytes.subarray(start, end)).toString('latin1');
            return false;
          },
          contentEnded(all: boolean) {
            complete.set(path, all);
            return all && content.startsWith('bad') ? FORBIDDEN : null;
          },
        };
      };
      await using setup = await between(readAndEcho, { watch, pieceBytes });
      const bodies = Array.from({ length: 120 }, (_, at) =>
        (at % 2 === 0 ? 'bad' : 'good').padEnd((at % 40) * 701, 'x'),
      );
      const replies = await Promise.all(
        bodies.map((body, at) => request(setup.session, { ':method': 'POST', ':path': `/${at}` }, body)),
      );
      for (const [at, { status, body }] of replies.entries()) {
        expect(status).toBe(at % 2 === 0 && complete.get(`/${at}`) ? 403 : 200);
        if (status === 200) expect(body.toString()).toBe(bodies[at]);
      }
      expect([...complete.values()].filter((all) => all).length).toBeGreaterThan(bodies.length / 2);
      const huge = Buffer.alloc(1 << 20, 'y');
      const reply = await request(setup.session, { ':method': 'POST', ':path': '/huge' }, huge);
      expect(reply.body).toEqual(huge);
      expect(setup.errors).toEqual([]);
      expect(setup.relay.closes).toEqual([]);
    },
  );

  it.each([
    ['as it is read', 65_536],
    ['in pieces of 1 byte', 1],
    ['in pieces of 11 bytes', 11],
  ])('mixed allowed and denied requests with bodies and trailers, %s', async (_, pieceBytes) => {
    await using setup = await between(echo, { decide: denyPrivate, pieceBytes });
    const count = pieceBytes === 1 ? 40 : 300;
    const replies = await Promise.all(
      Array.from({ length: count }, (_, at) => {
        const path = at % 3 === 1 ? `/private/${at}` : `/open/${at % 7}`;
        const headers = {
          ':path': path,
          ':method': 'POST',
          'x-id': `id-${at}`,
          [`x-${at % 5}`]: `v${at % 11}`,
        };
        return request(setup.session, headers, Buffer.alloc((at * 37) % 3000, at));
      }),
    );
    replies.forEach((reply, at) => {
      if (at % 3 === 1) {
        expect(reply.status).toBe(403);
        expect(reply.headers['eastwall-decision']).toBe('test');
        return;
      }
      expect(reply).toMatchObject({
        status: 200,
        headers: { 'x-id': `id-${at}`, 'x-path': `/open/${at % 7}` },
      });
      expect(reply.trailers['x-end']).toBe(`id-${at}`);
      expect(reply.body.equals(Buffer.alloc((at * 37) % 3000, at))).toBe(true);
    });
    expect(setup.errors).toEqual([]);
    expect(setup.relay.seen).toHaveLength(count);
    expect(setup.relay.seen.filter(({ end }) => end?.outcome === 'denied')).toHaveLength((count / 3) | 0);
  });

  it('reads every field list as Node reads it, before and after a denial', async () => {
    const atServer: [string, string][][] = [];
    const record: Answer = (stream, _, raw) => {
      atServer.push(pairsOf(raw));
      stream.respond({
        ':status': 200 + (atServer.length % 5),
        server: 'x',
        date: `d${atServer.length % 3}`,
      });
      stream.end('ok');
    };
    await using setup = await between(record, { decide: denyPrivate });
    const atClient: [string, string][][] = [];
    for (let at = 0; at < 120; at++) {
      const path = at === 40 || at % 50 === 49 ? '/private' : `/open?q=${at % 13}`;
      const headers: OutgoingHttpHeaders = {
        ':path': path,
        cookie: [`a=${at % 4}`, 'b=2'],
        authorization: `Bearer ${at % 6}`,
        'user-agent': 'ünïcode \u00ff'.repeat((at % 3) + 1),
        'x-long': 'z'.repeat((at * 97) % 3000),
        [`x-name-${at % 17}`]: '',
        'x-const': `${at % 2}`,
      };
      const reply = await request(setup.session, headers);
      if (reply.status !== 403) atClient.push(pairsOf(reply.raw));
    }
    const judged = setup.relay.seen.filter(({ end }) => end?.outcome !== 'denied');
    expect(judged.map(({ requestFields }) => requestFields)).toEqual(atServer);
    expect(judged.map(({ responseFields }) => responseFields[0])).toEqual(atClient);
    expect(atServer.length).toBeGreaterThan(100);
    expect(setup.errors).toEqual([]);
  });

  it('grants back what denied uploads use of the window', async () => {
    await using setup = await between(echo, { decide: denyPrivate });
    // Each one alone is more than the connection window of 65,535 bytes.
    for (let at = 0; at < 8; at++) {
      const reply = await request(
        setup.session,
        { ':path': '/private', ':method': 'POST' },
        Buffer.alloc(200_000),
      );
      expect(reply.status).toBe(403);
    }
    const body = Buffer.alloc(3_000_000, 7);
    const reply = await request(setup.session, { ':path': '/open', ':method': 'POST' }, body);
    expect(reply.body.equals(body)).toBe(true);
    expect(setup.errors).toEqual([]);
  });

  it('keeps flow control end to end for large bodies both ways at once', async () => {
    await using setup = await between(echo, { decide: denyPrivate });
    const bodies = Array.from({ length: 6 }, (_, at) => Buffer.alloc(1_500_000, at + 1));
    const uploads = bodies.map((body) =>
      request(setup.session, { ':path': '/open', ':method': 'POST' }, body),
    );
    const denials = bodies.map(() => request(setup.session, { ':path': '/private' }));
    const replies = await Promise.all(uploads);
    replies.forEach((reply, at) => {
      expect(reply.body.equals(bodies[at] ?? Buffer.of())).toBe(true);
    });
    for (const denied of await Promise.all(denials)) expect(denied.status).toBe(403);
    expect(setup.errors).toEqual([]);
  });

  it.each([
    ['the caller wants no table', { client: { settings: { headerTableSize: 0 } } }],
    ['upstream wants no table', { server: { settings: { headerTableSize: 0 } } }],
    [
      'both announce large tables',
      {
        client: { settings: { headerTableSize: 1 << 20 } },
        server: { settings: { headerTableSize: 1 << 20 } },
      },
    ],
  ])('denies without desynchronising when %s', async (_, sides) => {
    await using setup = await between(echo, { decide: denyPrivate, ...sides });
    // Once its settings are acknowledged, a caller with a smaller table wants the next block to say so: a denial's.
    await once(setup.session, 'localSettings');
    for (let at = 0; at < 60; at++) {
      const denied = at % 4 === 0;
      const headers = {
        ':path': denied ? '/private' : '/open',
        'x-id': `${at % 9}`,
        'x-big': 'b'.repeat(500 + at),
      };
      const reply = await request(setup.session, headers);
      expect(reply.status).toBe(denied ? 403 : 200);
    }
    expect(setup.errors).toEqual([]);
  });

  it('follows tables whose size changes while requests are under way', async () => {
    await using setup = await between(
      (stream, headers, raw) => {
        if (headers['x-id'] === '20') stream.session?.settings({ headerTableSize: 100 });
        if (headers['x-id'] === '60') stream.session?.settings({ headerTableSize: 8192 });
        echo(stream, headers, raw);
      },
      { decide: denyPrivate },
    );
    for (let at = 0; at < 100; at++) {
      if (at === 40) setup.session.settings({ headerTableSize: 64 });
      if (at === 80) setup.session.settings({ headerTableSize: 4096 });
      const denied = at % 21 === 20 || at === 41 || at === 42;
      const reply = await request(setup.session, { ':path': denied ? '/private' : '/open', 'x-id': `${at}` });
      expect(reply.status).toBe(denied ? 403 : 200);
    }
    expect(setup.errors).toEqual([]);
  });

  it('gives the denial a body where the caller has granted room for it', async () => {
    await using setup = await between(echo, { decide: denyPrivate });
    const first = await request(setup.session, { ':path': '/private' });
    expect(first.body).toHaveLength(0);
    setup.session.setLocalWindowSize(1 << 20);
    await request(setup.session, { ':path': '/open' });
    const second = await request(setup.session, { ':path': '/private' });
    expect(second.headers['content-type']).toBe('application/problem+json');
    expect(second.body.toString()).toBe('{"title":"Forbidden"}\n');
    const head = await request(setup.session, { ':path': '/private', ':method': 'HEAD' });
    expect(head.headers['content-length']).toBe('22');
    expect(setup.errors).toEqual([]);
  });

  it('lets callers cancel, and upstream refuse, without a trace on other streams', async () => {
    await using setup = await between(
      (stream, headers, raw) => {
        if (headers[':path'] === '/refused') stream.close(h2.NGHTTP2_REFUSED_STREAM);
        else if (headers[':path'] !== '/hangs') echo(stream, headers, raw);
      },
      { decide: denyPrivate },
    );
    for (let at = 0; at < 20; at++) {
      const hanging = setup.session.request({ ':path': '/hangs', ':method': 'POST' }, { endStream: false });
      hanging.write('x');
      hanging.close(h2.NGHTTP2_CANCEL);
      await closeOf(hanging);
      await closeOf(setup.session.request({ ':path': '/refused' }));
      expect((await request(setup.session, { ':path': at % 2 ? '/private' : '/open' })).status).toBe(
        at % 2 ? 403 : 200,
      );
    }
    const outcomes = setup.relay.seen.map(({ path, end }) => `${path} ${end?.outcome}`);
    expect(new Set(outcomes)).toEqual(
      new Set(['/hangs caller_reset', '/refused upstream_reset', '/open ok', '/private denied']),
    );
    expect(setup.errors).toEqual([]);
  });

  it('drains: the open request ends well, new ones go elsewhere, the connection closes', async () => {
    const arrived = Promise.withResolvers<() => void>();
    await using setup = await between((stream, headers, raw) => {
      if (headers[':path'] === '/slow') arrived.resolve(() => echo(stream, headers, raw));
      else echo(stream, headers, raw);
    });
    await request(setup.session, { ':path': '/open' });
    const slow = request(setup.session, { ':path': '/slow', 'x-id': 's' });
    const release = await arrived.promise;
    const gone = once(setup.session, 'goaway');
    for (const relay of setup.relay.relays) relay.drain(performance.now());
    await gone;
    release();
    expect((await slow).trailers['x-end']).toBe('s');
    if (!setup.session.destroyed) await once(setup.session, 'close');
    expect(setup.relay.closes).toEqual(['NO_ERROR: drained']);
  });

  it('takes interim responses and streams both ways', async () => {
    await using setup = await between((stream, headers, raw) => {
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      echo(stream, headers, raw);
    });
    const stream = setup.session.request({ ':path': '/open', ':method': 'POST' }, { endStream: false });
    const interim = once(stream, 'headers');
    stream.write('one');
    await interim;
    const [first] = (await once(stream, 'data')) as [Buffer];
    expect(first.toString()).toBe('one');
    stream.end('two');
    const [second] = (await once(stream, 'data')) as [Buffer];
    expect(second.toString()).toBe('two');
    await once(stream, 'end');
    expect(setup.relay.seen[0]?.statuses).toEqual([103, 200]);
    expect(setup.relay.seen[0]?.end).toMatchObject({ outcome: 'ok', status: 200 });
  });
});
