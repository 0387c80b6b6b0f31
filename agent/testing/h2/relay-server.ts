import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { H2Relay, type H2RelayOptions } from '../../src/h2/connection.ts';
import { type Denial, type H2Exchange, type StreamEnd, UNREAD } from '../../src/h2/exchange.ts';
import type { H2Limits } from '../../src/h2/limits.ts';
import type { H2Wire } from '../../src/h2/relay-state.ts';
import type { RequestHead } from '../../src/h2/request-head.ts';

type Pair = [name: string, value: string];

/** One request as the relay recorded it. */
export interface SeenExchange {
  readonly method: string;
  readonly path: string;
  readonly grpc: RequestHead['grpc'];
  readonly requestFields: readonly Pair[];
  readonly statuses: number[];
  readonly responseFields: Pair[][];
  end: StreamEnd | null;
}

export interface RelayServer extends AsyncDisposable {
  readonly port: number;
  readonly seen: readonly SeenExchange[];
  readonly closes: readonly string[];
  readonly relays: readonly H2Relay[];
}

export interface RelayServerOptions {
  readonly upstreamPort: number;
  readonly decide?: (head: RequestHead) => Denial | null;
  readonly limits?: H2Limits;
  /** What somebody wants to see of a request. */
  readonly watch?: (head: RequestHead) => Pick<H2Exchange, 'reading' | 'content' | 'contentEnded'>;
  /** Cuts what is read into pieces of at most this many bytes. */
  readonly pieceBytes?: number;
}

export const FORBIDDEN: Denial = {
  status: 403,
  fields: [['eastwall-decision', 'test']],
  body: new TextEncoder().encode('{"title":"Forbidden"}\n'),
  contentType: 'application/problem+json',
  grpcStatus: 7,
  grpcMessage: 'not allowed: 100 % sure',
};

const fieldsOf = ({ fields }: Pick<RequestHead, 'fields'>): Pair[] =>
  Array.from({ length: fields.length }, (_, at) => [fields.names[at] ?? '', fields.values[at] ?? '']);

/** The pure relay between real sockets on loopback. */
export async function startRelay(options: RelayServerOptions): Promise<RelayServer> {
  const seen: SeenExchange[] = [];
  const closes: string[] = [];
  const relays: H2Relay[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
    const upstream = connect({ port: options.upstreamPort, allowHalfOpen: true, noDelay: true });
    for (const socket of [caller, upstream]) {
      sockets.add(socket);
      // A test ends its peers in any order; what matters is asserted on the records.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    relays.push(pump(caller, upstream, options, { seen, closes }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    closes,
    relays,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pump(
  caller: Socket,
  upstream: Socket,
  { decide = () => null, watch = () => UNREAD, limits, pieceBytes = 65_536 }: RelayServerOptions,
  records: { seen: SeenExchange[]; closes: string[] },
): H2Relay {
  const wire: H2Wire = {
    toUpstream: (bytes, start, end) =>
      write(upstream, caller, Uint8Array.prototype.slice.call(bytes, start, end)),
    toCaller: (bytes, start, end) =>
      write(caller, upstream, Uint8Array.prototype.slice.call(bytes, start, end)),
    finishUpstream: () => upstream.end(),
    finishCaller: () => caller.end(),
    close: ({ code, reason }) => {
      records.closes.push(`${code}: ${reason}`);
      caller.end(() => caller.destroySoon());
      upstream.end(() => upstream.destroySoon());
    },
  };
  const begin = (head: RequestHead): H2Exchange => {
    const exchange: SeenExchange = {
      method: head.method,
      path: head.path,
      grpc: head.grpc,
      requestFields: fieldsOf(head),
      statuses: [],
      responseFields: [],
      end: null,
    };
    records.seen.push(exchange);
    return {
      ...UNREAD,
      ...watch(head),
      denial: head.fault === null ? decide(head) : null,
      responded: (status, fields) => {
        exchange.statuses.push(status);
        exchange.responseFields.push(fieldsOf({ fields }));
        return false;
      },
      ended: (end) => {
        if (exchange.end !== null) throw new Error('an exchange ended twice');
        exchange.end = { ...end };
      },
    };
  };
  const relayOptions: H2RelayOptions = { wire, host: { begin }, ...(limits ? { limits } : {}) };
  const relay = new H2Relay(relayOptions);
  const now = () => performance.now();
  const feed = (take: (bytes: Uint8Array, start: number, end: number, now: number) => void) => {
    return (chunk: Buffer) => {
      // Like the shared read buffer of the data path: gone as soon as the call returns.
      for (let pos = 0; pos < chunk.length; pos += pieceBytes) {
        const piece = chunk.subarray(pos, pos + pieceBytes);
        take(piece, 0, piece.length, now());
        piece.fill(0xee);
      }
    };
  };
  caller.on('data', feed(relay.fromCaller.bind(relay)));
  upstream.on('data', feed(relay.fromUpstream.bind(relay)));
  caller.on('end', () => relay.callerEnded(now()));
  upstream.on('end', () => relay.upstreamEnded(now()));
  caller.on('close', () => relay.abandon('caller_reset', now()));
  return relay;
}

function write(to: Socket, from: Socket, bytes: Uint8Array): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
