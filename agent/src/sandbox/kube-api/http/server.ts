import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../../kernel/message-of.ts';
import { type StatusError, tooLarge, toStatus, unauthorized } from '../status-error.ts';
import type { ObjectStore } from '../store.ts';
import type { ServerCertificate } from '../tls/certificates.ts';
import type { ApiReply, ApiRequest, User } from './exchange.ts';
import { failure } from './exchange.ts';
import { type DialPod, forwardPorts, parseForwarding } from './port-forward.ts';
import { type RouterSettings, route } from './router.ts';
import { WatchStreams } from './watch-streams.ts';

export interface ServerSettings extends RouterSettings {
  readonly maxBodyBytes: number;
  /** A watcher that reads so slowly that more than this is waiting for it is cut off. */
  readonly maxWatchBufferBytes: number;
}

export interface ServerOptions {
  readonly store: ObjectStore;
  readonly host: string;
  readonly port: number;
  readonly certificate: ServerCertificate;
  readonly users: ReadonlyMap<string, User>;
  /** Absent where no pods run. */
  readonly dial?: DialPod;
  readonly settings: ServerSettings;
}

/** Longer than clients keep idle connections, or some request meets a connection that is just being closed. */
const KEEP_ALIVE_MS = 120_000;

/** The HTTPS edge: authenticates, reads bodies, writes answers and watch streams. */
export class ApiServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  readonly #watches: WatchStreams;
  /** Also those in their TLS handshake, which `closeAllConnections` does not know yet: one would hold `close` up for ever. */
  readonly #sockets = new Set<Socket>();
  #paused: { readonly resumed: Promise<void>; readonly resume: () => void } | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#watches = new WatchStreams(options.settings.maxWatchBufferBytes);
    this.#server = createServer(
      { cert: options.certificate.certPem, key: options.certificate.keyPem },
      (request, response) => {
        void this.#handle(request, response);
      },
    );
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#upgrade(request, { socket, head });
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Resolves with the port once it listens; rejects when the address can't be had. */
  async listen(): Promise<number> {
    this.#server.listen(this.#options.port, this.#options.host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves once the port is free again. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.resume();
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Breaks the connections of all watches; returns how many there were. */
  dropWatches(): number {
    return this.#watches.drop();
  }

  /** Takes requests, and keeps watches open, but answers nothing until `resume()`. */
  pause(): void {
    if (this.#paused !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#paused = { resumed: promise, resume: resolve };
    this.#watches.hold();
  }

  resume(): void {
    this.#paused?.resume();
    this.#paused = undefined;
    this.#watches.release();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.#answer(request).catch((error: unknown) => failure(internalError(error)));
    await this.#paused?.resumed;
    if (response.destroyed) return;
    if (reply.kind === 'watch') this.#watches.open(response, reply.start);
    else send(response, reply);
  }

  async #upgrade(request: IncomingMessage, connection: Connection): Promise<void> {
    const { socket } = connection;
    socket.on('error', () => socket.destroy());
    await this.#paused?.resumed;
    const { store, dial } = this.#options;
    if (this.#user(request) === undefined) return refuseUpgrade(socket, unauthorized());
    const forwarding = parseForwarding(store, urlOf(request));
    if (!forwarding.ok) return refuseUpgrade(socket, forwarding.error);
    if (dial === undefined) return refuseUpgrade(socket, internalError('no kubelet here'));
    forwardPorts(request, connection, { ...forwarding.value, dial });
  }

  #user(request: IncomingMessage): User | undefined {
    return this.#options.users.get(/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
  }

  async #answer(request: IncomingMessage): Promise<ApiReply> {
    const { store, settings } = this.#options;
    const user = this.#user(request);
    if (user === undefined) return failure(unauthorized());
    const body = await readBody(request, settings.maxBodyBytes);
    if (body === undefined) return failure(tooLarge(settings.maxBodyBytes));
    return route(store, apiRequest(request, body, user), settings);
  }
}

interface Connection {
  readonly socket: Duplex;
  /** What came with the request's head. */
  readonly head: Buffer;
}

function refuseUpgrade(socket: Duplex, error: StatusError): void {
  const body = `${JSON.stringify(toStatus(error))}\n`;
  const head = ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`];
  socket.end(
    `HTTP/1.1 ${error.code} ${error.reason}\r\n${head.join('\r\n')}\r\nconnection: close\r\n\r\n${body}`,
  );
}

const urlOf = ({ url }: IncomingMessage): URL => new URL(url ?? '/', 'https://kubernetes.default.svc');

function apiRequest(request: IncomingMessage, body: Uint8Array, user: User): ApiRequest {
  const url = urlOf(request);
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    accept: request.headers.accept ?? '',
    contentType: request.headers['content-type'] ?? '',
    body,
    user,
  };
}

/** Undefined for a body over the limit, which is not read to its end. */
async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

type Sendable = Exclude<ApiReply, { readonly kind: 'watch' }>;

function send(response: ServerResponse, reply: Sendable): void {
  switch (reply.kind) {
    case 'error':
      sendJson(response, { code: reply.error.code, body: toStatus(reply.error) });
      break;
    case 'json':
      sendJson(response, reply);
      break;
    case 'bytes':
      response.writeHead(200, { 'content-type': reply.contentType, 'content-length': reply.body.length });
      response.end(reply.body);
  }
}

interface JsonAnswer {
  readonly code: number;
  readonly body: unknown;
  readonly contentType?: string;
  readonly warnings?: readonly string[];
}

function sendJson(response: ServerResponse, { code, body, contentType, warnings = [] }: JsonAnswer): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  // The warn-code 299 (RFC 7234, section 5.5) is what Kubernetes clients print.
  for (const warning of warnings) response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`);
  response.writeHead(code, {
    'content-type': contentType ?? 'application/json',
    'content-length': bytes.length,
  });
  response.end(bytes);
}

const internalError = (error: unknown): StatusError => ({
  code: 500,
  reason: 'InternalError',
  message: `Internal error occurred: ${messageOf(error)}`,
});
