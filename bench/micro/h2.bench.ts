import { once } from 'node:events';
import { connect, createServer, type OutgoingHttpHeaders } from 'node:http2';
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
} from 'node:net';
import { H2Relay } from '../../agent/src/h2/connection.ts';
import { type Denial, type H2Exchange, UNREAD } from '../../agent/src/h2/exchange.ts';
import { FieldList } from '../../agent/src/h2/field-list.ts';
import { FLAG, FRAME, FRAME_HEAD, frame, joined, PREFACE, uint32 } from '../../agent/src/h2/frame.ts';
import { HpackDecoder } from '../../agent/src/h2/hpack-decoder.ts';
import { HpackEncoder } from '../../agent/src/h2/hpack-encoder.ts';
import { decodeHuffman, huffmanCapacity } from '../../agent/src/h2/hpack-huffman.ts';
import { huffmanOf } from '../../agent/testing/h2/huffman-text.ts';

/**
 * CPU cost of the HTTP/2 relay without sockets, on what a real client and server send: captured once through a pair of
 * loopback sockets, then replayed. Prints the best of several rounds, in ns.
 */
const ROUNDS = 7;
const ROUND_MS = 250;
/** Calls in one captured connection; replayed from the start again and again. */
const CALLS = 1000;
/** The call that is denied in the replay that shows the cost afterwards. */
const DENIED_CALL = 1;

/** Best time per call over all rounds; the best one is the least disturbed by other work on the machine. */
function measure(name: string, unit: string, step: () => void): void {
  for (let at = 0; at < 20_000; at++) step();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    let steps = 0;
    let elapsed = 0;
    while (elapsed < ROUND_MS) {
      for (let at = 0; at < 500; at++) step();
      steps += 500;
      elapsed = performance.now() - start;
    }
    best = Math.min(best, (elapsed * 1e6) / steps);
  }
  console.log(`${name.padEnd(58)} ${best.toFixed(0).padStart(8)} ns per ${unit}`);
}

const GRPC_HEAD: OutgoingHttpHeaders = {
  ':method': 'POST',
  ':path': '/shop.v1.Orders/Get',
  te: 'trailers',
  'content-type': 'application/grpc',
  'user-agent': 'grpc-node-js/1.14.7',
  'grpc-accept-encoding': 'identity,deflate,gzip',
  'accept-encoding': 'identity',
};
const MESSAGE = Buffer.from('0000000009080112054f72646572', 'hex');

interface Piece {
  readonly fromCaller: boolean;
  readonly bytes: Uint8Array;
}

/** What went over the wire for one call, in the order in which it came by. */
type Exchange = readonly Piece[];

const bytesFrom = (exchange: Exchange, fromCaller: boolean): Uint8Array =>
  joined(exchange.filter((piece) => piece.fromCaller === fromCaller).map(({ bytes }) => bytes));

/**
 * Lets a real client make one call after another and notes what went over the wire for each; the first one has the
 * preface and the settings.
 */
async function capture(headersOf: (at: number) => OutgoingHttpHeaders): Promise<Exchange[]> {
  const server = createServer();
  server.on('stream', (stream) => {
    // A date of our own: the changing one would be news to the table at a random call.
    const head = { ':status': 200, 'content-type': 'application/grpc', date: 'never' };
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'OK' }));
    stream.end(MESSAGE);
  });
  let seen: Piece[] = [];
  const tap = createTcpServer({ noDelay: true }, (caller) => {
    const upstream = connectTcp({ port: (server.address() as AddressInfo).port, noDelay: true });
    caller.on('data', (bytes) => seen.push({ fromCaller: true, bytes })).pipe(upstream);
    upstream.on('data', (bytes) => seen.push({ fromCaller: false, bytes })).pipe(caller);
  });
  await Promise.all([listen(server as unknown as Server), listen(tap)]);
  const session = connect(`http://127.0.0.1:${(tap.address() as AddressInfo).port}`);
  const call = async (at: number): Promise<Exchange> => {
    // New to the request's table and not to the response's: what makes a denial of this very call tell.
    const extra = at === DENIED_CALL ? { 'x-once': 'x' } : {};
    const stream = session.request({ ...headersOf(at), ...extra }, { endStream: false });
    stream.end(MESSAGE);
    stream.resume();
    await once(stream, 'close');
    const taken = seen;
    seen = [];
    return taken;
  };
  const exchanges: Exchange[] = [];
  for (let at = 0; at < CALLS; at++) exchanges.push(await call(at));
  session.close();
  tap.close();
  server.close();
  return exchanges;
}

const listen = (server: Server) =>
  new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));

const ALLOWED: H2Exchange = { ...UNREAD, ended: () => {} };
const DENIED: H2Exchange = {
  ...ALLOWED,
  denial: {
    status: 403,
    fields: [['eastwall-decision', '0123456789abcdef']],
    body: null,
    contentType: '',
    grpcStatus: 7,
    grpcMessage: 'denied by rule',
  } satisfies Denial,
};

/** Steps through the captured calls; a fresh relay whenever they begin again. */
function replay(exchanges: readonly Exchange[], choose: (call: number) => H2Exchange) {
  let call = 0;
  const make = () =>
    new H2Relay({
      wire: {
        toUpstream: () => {},
        toCaller: () => {},
        finishUpstream: () => {},
        finishCaller: () => {},
        close: ({ code, reason }) => {
          throw new Error(`the relay closed: ${code}: ${reason}`);
        },
      },
      host: { begin: () => choose(call) },
    });
  let relay = make();
  return (): void => {
    if (call === exchanges.length) {
      call = 0;
      relay = make();
    }
    const denied = choose(call).denial !== null;
    for (const { fromCaller, bytes } of exchanges[call] as Exchange) {
      if (fromCaller) relay.fromCaller(bytes, 0, bytes.length, 0);
      else if (!denied) relay.fromUpstream(bytes, 0, bytes.length, 0);
    }
    call++;
  };
}

function headerBlock(bytes: Uint8Array): Uint8Array {
  for (let pos = 0; pos < bytes.length; ) {
    const length = uint32(bytes, pos) >>> 8;
    if (bytes[pos + 3] === FRAME.headers) {
      const priority = (bytes[pos + 4] ?? 0) & FLAG.priority ? 5 : 0;
      return bytes.slice(pos + FRAME_HEAD + priority, pos + FRAME_HEAD + length);
    }
    pos += FRAME_HEAD + length;
  }
  throw new Error('no HEADERS were captured');
}

function benchHpack(name: string, exchanges: readonly Exchange[]): void {
  const blocks = exchanges.map((exchange, at) =>
    headerBlock(bytesFrom(exchange, true).subarray(at === 0 ? PREFACE.length : 0)),
  );
  const list = new FieldList();
  let decoder = new HpackDecoder(65_536);
  let call = 0;
  measure(`hpack decode, ${name} (${blocks.at(-1)?.length} bytes)`, 'head', () => {
    if (call === blocks.length) {
      call = 0;
      decoder = new HpackDecoder(65_536);
    }
    const block = blocks[call++] as Uint8Array;
    if (decoder.decode(block, 0, block.length, list) !== null) throw new Error('a block is unreadable');
  });
  const encoder = new HpackEncoder();
  measure(`hpack encode without table, ${name}`, 'head', () => {
    encoder.list(list);
    encoder.clear();
  });
}

function benchRelay(name: string, exchanges: readonly Exchange[]): void {
  const last = exchanges.at(-1) as Exchange;
  const sizes = `${bytesFrom(last, true).length} + ${bytesFrom(last, false).length} bytes`;
  measure(
    `relay, ${name}, allowed (${sizes})`,
    'exchange',
    replay(exchanges, () => ALLOWED),
  );
  const oneDenied = replay(exchanges, (call) => (call === DENIED_CALL ? DENIED : ALLOWED));
  measure(`relay, ${name}, after a denial`, 'exchange', oneDenied);
  measure(
    `relay, ${name}, denied`,
    'exchange',
    replay(exchanges, (call) => (call === 0 ? ALLOWED : DENIED)),
  );
}

function benchBulk(): void {
  const sink = new H2Relay({
    wire: {
      toUpstream: () => {},
      toCaller: () => {},
      finishUpstream: () => {},
      finishCaller: () => {},
      close: () => {},
    },
    host: { begin: () => ALLOWED },
  });
  for (const { fromCaller, bytes } of plain[0] as Exchange) {
    if (fromCaller) sink.fromCaller(bytes, 0, bytes.length, 0);
    else sink.fromUpstream(bytes, 0, bytes.length, 0);
  }
  const data = joined(
    Array.from({ length: 64 }, () =>
      frame({ type: FRAME.data, flags: 0, streamId: 1 }, new Uint8Array(16_384)),
    ),
  );
  let pos = 0;
  measure('relay, DATA frames of 16 KiB in reads of 64 KiB', '64 KiB', () => {
    const end = Math.min(data.length, pos + 65_536);
    sink.fromUpstream(data, pos, end, 0);
    pos = end === data.length ? 0 : end;
  });
}

function benchHuffman(): void {
  const text = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';
  const packed = huffmanOf(text);
  const out = new Uint8Array(huffmanCapacity(packed.length));
  measure(`huffman decode, ${text.length} characters`, 'string', () => {
    if (decodeHuffman(packed, 0, packed.length, out) !== text.length) throw new Error('wrong length');
  });
}

console.log(`node ${process.version}, best of ${ROUNDS} rounds of ${ROUND_MS} ms`);
const plain = await capture(() => GRPC_HEAD);
const traced = await capture((at) => ({
  ...GRPC_HEAD,
  traceparent: `00-4bf92f3577b34da6a3ce929d0e0${1000 + at}-00f067aa0ba9${1000 + at}-01`,
  'x-request-id': `5f0c1c0e-7d3b-4f0e-9b1a-00000000${1000 + at}`,
}));
benchHuffman();
benchHpack('gRPC head, warm', plain);
benchHpack('gRPC head with two new ids', traced);
benchRelay('gRPC unary', plain);
benchRelay('gRPC unary with two new ids', traced);
benchBulk();
