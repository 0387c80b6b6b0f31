import type { ClientRequest, IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { KubeConfig } from '@kubernetes/client-node';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import { isObject } from '../identity/json.ts';
import { serverOf } from './client.ts';
import { refusal } from './failure.ts';

export interface ForwardTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/**
 * Each message begins with the number of its channel: data is 0, errors are 1. Kubelets have known this since long before
 * they knew SPDY inside of WebSockets.
 */
const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const ERRORS = 1;

/** Keeps proxies on the way from thinking that nobody is there, and shows us when nobody is. */
const PING_MS = 15_000;

/** A connection to a port at loopback in a pod; rejects with why there is none. */
export async function openPortForward(
  config: KubeConfig,
  { namespace, pod, port }: ForwardTarget,
  signal: AbortSignal,
): Promise<Duplex> {
  const options: ClientOptions = { perMessageDeflate: false };
  await config.applyToHTTPSOptions(options);
  signal.throwIfAborted();
  const place = `namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`;
  const url = `${serverOf(config).replace(/^http/, 'ws')}/api/v1/${place}/portforward?ports=${port}`;
  return opened(new WebSocket(url, PROTOCOL, options), signal);
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason);
      socket.terminate();
    };
    signal.addEventListener('abort', abort, { once: true });
    // Within the event: the first message may follow at once.
    socket.once('open', () => {
      signal.removeEventListener('abort', abort);
      resolve(new ForwardedStream(socket));
    });
    socket.on('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    socket.once('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
      void refusalOf(response).then((why) => {
        signal.removeEventListener('abort', abort);
        reject(new Error(why));
        request.destroy();
      });
    });
  });
}

/** What the API server says in a `Status` object, or else its HTTP status. */
async function refusalOf(response: IncomingMessage): Promise<string> {
  const body = await text(response).catch(() => '');
  let told: unknown = null;
  try {
    told = JSON.parse(body);
  } catch {
    // A proxy's page.
  }
  return refusal(response.statusCode ?? 0, isObject(told) ? told : null).message;
}

/** The data of one forwarded port. The protocol knows no end of one direction only. */
class ForwardedStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #ping: NodeJS.Timeout;
  /** Each channel begins with the number of its port, in two bytes. */
  readonly #toSkip = [2, 2];
  #alive = true;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    this.#ping = setInterval(() => this.#look(), PING_MS).unref();
    socket.on('message', (data) => this.#received(bytesOf(data)));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.push(null));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(Buffer.concat([Buffer.of(DATA), chunk]), { binary: true }, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearInterval(this.#ping);
    this.#socket.terminate();
    done(error);
  }

  #received(message: Buffer): void {
    this.#alive = true;
    const channel = message[0] ?? -1;
    const skipped = Math.min(this.#toSkip[channel] ?? 0, message.length - 1);
    const bytes = message.subarray(1 + skipped);
    if (channel !== DATA && channel !== ERRORS) return;
    this.#toSkip[channel] = (this.#toSkip[channel] ?? 0) - skipped;
    if (bytes.length === 0) return;
    if (channel === ERRORS) this.destroy(new Error(bytes.toString().trim()));
    else if (!this.push(bytes)) this.#socket.pause();
  }

  #look(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    // One that is not being read, because we are slow, gets no pongs either.
    if (!this.#alive && !this.#socket.isPaused) this.destroy(new Error('the connection to the node is dead'));
    this.#alive = false;
    this.#socket.ping();
  }
}

const bytesOf = (data: RawData): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data;
