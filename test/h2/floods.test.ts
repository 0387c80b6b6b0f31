import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Stream, connect, createServer, type Http2Server } from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it, test } from 'vitest';
import { joined, PREFACE, rstStream, settingsFrame, windowUpdate } from '../../agent/src/h2/frame.ts';
import { DEFAULT_H2_LIMITS } from '../../agent/src/h2/limits.ts';
import { GET, headers } from '../../agent/testing/h2/relay-playbook.ts';
import { FORBIDDEN, startRelay } from '../../agent/testing/h2/relay-server.ts';

/** Nothing but what DATA and new streams explain, apart from the first grants of a connection. */
const STRICT = { ...DEFAULT_H2_LIMITS, maxGrants: 5, maxStrayFrames: 5 };
const BYTES = 60_000;
const run = promisify(execFile);

const portOf = (server: Http2Server) => (server.address() as AddressInfo).port;

/** Echoes, and grants what it is sent by as few bytes as its callers do. */
async function between(window: number, limits = STRICT) {
  const server = createServer({ settings: { initialWindowSize: window } });
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    if (headers[':method'] === 'GET') stream.end(Buffer.alloc(BYTES, 'd'));
    else stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const relay = await startRelay({
    upstreamPort: portOf(server),
    limits,
    decide: ({ path }) => (path === '/private' ? FORBIDDEN : null),
  });
  return {
    relay,
    url: `http://127.0.0.1:${relay.port}`,
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      server.close();
    },
  };
}

describe('windows of a few bytes', () => {
  it.each([10, 100, 1000])('%i, of node:http2, both ways at once', async (window) => {
    await using setup = await between(window);
    const session = connect(setup.url, { settings: { initialWindowSize: window } });
    const bytes = Math.min(BYTES, window * 1000);
    const echoed = async (stream: ClientHttp2Stream) => {
      stream.end(Buffer.alloc(bytes, 'u'));
      return (await buffer(stream)).length;
    };
    const post = () => session.request({ ':method': 'POST', ':path': '/open' });
    expect(await Promise.all([echoed(post()), echoed(post())])).toEqual([bytes, bytes]);
    for (let at = 0; at < 20; at++) {
      const denied = session.request({ ':method': 'POST', ':path': '/private' });
      denied.on('error', () => {});
      denied.end(Buffer.alloc(500));
      const [{ ':status': status }] = await once(denied, 'response');
      expect(status).toBe(403);
    }
    session.destroy();
    expect(setup.relay.closes).toEqual([]);
  });

  it.each(['4', '7', '12'])('2^%s, of h2load', async (bits) => {
    await using setup = await between(65_535);
    const { stdout } = await run('h2load', [
      '-n',
      '20',
      '-c',
      '2',
      '-m',
      '4',
      '-w',
      bits,
      '-W',
      '16',
      `${setup.url}/open`,
    ]);
    expect(stdout).toContain('20 2xx');
    expect(setup.relay.closes).toEqual([]);
  });

  it('curl, that reads and sends slowly', async () => {
    await using setup = await between(100);
    const curl = [
      '-sS',
      '-m',
      '60',
      '--http2-prior-knowledge',
      '--limit-rate',
      '40k',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code} %{size_download}',
    ];
    expect((await run('curl', [...curl, `${setup.url}/open`])).stdout).toBe(`200 ${BYTES}`);
    const upload = ['-X', 'POST', '--data-binary', 'x'.repeat(30_000), `${setup.url}/open`];
    expect((await run('curl', [...curl, ...upload])).stdout).toBe('200 30000');
    expect(setup.relay.closes).toEqual([]);
  });
});

const same = (bytes: Buffer) => bytes;
const CHAT = {
  path: '/shop.v1.Orders/Chat',
  requestStream: true,
  responseStream: true,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

test.each([100, 5000])(
  'grpc-js streams many small messages both ways through windows of %i bytes',
  async (window) => {
    const options = { 'grpc-node.flow_control_window': window };
    const server = new grpc.Server(options);
    const chat: grpc.handleBidiStreamingCall<Buffer, Buffer> = (call) => {
      call.on('data', (part: Buffer) => call.write(part));
      call.on('end', () => call.end());
    };
    server.addService({ Chat: CHAT }, { Chat: chat });
    const upstreamPort = await promisify(server.bindAsync.bind(server))(
      '127.0.0.1:0',
      grpc.ServerCredentials.createInsecure(),
    );
    await using relay = await startRelay({ upstreamPort: upstreamPort ?? 0, limits: STRICT });
    const Client = grpc.makeGenericClientConstructor({ Chat: CHAT }, 'Orders');
    const client = new Client(`127.0.0.1:${relay.port}`, grpc.credentials.createInsecure(), options);
    const call = client.makeBidiStreamRequest(CHAT.path, same, same);
    for (let at = 0; at < 2000; at++) call.write(Buffer.from(`message ${at}`));
    call.end();
    let count = 0;
    for await (const _ of call) count++;
    expect(count).toBe(2000);
    expect(relay.closes).toEqual([]);
    client.close();
    server.forceShutdown();
  },
);

test.each([
  ['WINDOW_UPDATE', windowUpdate(0, 1), DEFAULT_H2_LIMITS.maxGrants],
  ['RST_STREAM of a closed stream', rstStream(1, 'CANCEL'), 2 * DEFAULT_H2_LIMITS.maxStrayFrames],
])('a flood of %s frames ends the connection', async (_, bytes, limit) => {
  await using setup = await between(65_535, DEFAULT_H2_LIMITS);
  const socket = connectTcp(setup.relay.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.write(joined([PREFACE, settingsFrame(), headers(1, GET('/open')), rstStream(1, 'CANCEL')]));
  socket.write(joined(Array.from({ length: limit + 100 }, () => bytes)));
  await once(socket, 'close');
  expect(setup.relay.closes).toEqual([expect.stringMatching(/^ENHANCE_YOUR_CALM: too many /)]);
});
