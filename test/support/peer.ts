import { createServer, type Server, Socket } from 'node:net';
import { eventually } from './eventually.ts';

const RST = new Set(['ECONNRESET', 'EPIPE']);

/** One end of a TCP connection, as a program without any proxy library sees it: bytes, FIN, RST. */
export class Peer {
  readonly socket: Socket;
  /** How many bytes have come; `text` only holds the first of them. */
  count = 0;
  text = '';
  /** FIN has come. */
  ended = false;
  /** The other side broke the connection off. */
  reset = false;
  closed = false;
  connected = false;

  constructor(socket: Socket, keep = 1 << 20) {
    this.socket = socket;
    socket.on('connect', () => {
      this.connected = true;
    });
    socket.on('data', (bytes) => {
      this.count += bytes.length;
      if (this.text.length < keep) this.text += bytes.toString('latin1');
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (RST.has(error.code ?? '')) this.reset = true;
      else throw error;
    });
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static dial(ip: string, port: number, localAddress?: string): Peer {
    const socket = new Socket({ allowHalfOpen: true });
    const peer = new Peer(socket);
    socket.connect({ host: ip, port, ...(localAddress !== undefined && { localAddress }) });
    return peer;
  }

  send(text: string | Uint8Array): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    return this;
  }

  /** Sends FIN and goes on reading. */
  finish(): this {
    this.socket.end();
    return this;
  }

  breakOff(): void {
    this.socket.resetAndDestroy();
  }

  /** What has come, once it holds `part`. */
  async got(part: string): Promise<string> {
    await eventually(() => {
      if (!this.text.includes(part))
        throw new Error(`no ${JSON.stringify(part)} in ${JSON.stringify(this.text)}`);
    });
    return this.text;
  }

  async end(): Promise<'fin' | 'rst'> {
    await eventually(() => {
      if (!this.ended && !this.closed) throw new Error(`still open after ${JSON.stringify(this.text)}`);
    });
    return this.ended && !this.reset ? 'fin' : 'rst';
  }
}

/** A server that does what a test says; every connection it accepts is a `Peer`. */
export class TestServer implements AsyncDisposable {
  readonly peers: Peer[] = [];
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async listen(ip: string, port: number, serve: (peer: Peer) => void = () => {}): Promise<TestServer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const started = new TestServer(server);
    server.on('connection', (socket) => {
      const peer = new Peer(socket);
      peer.connected = true;
      started.peers.push(peer);
      serve(peer);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, ip, 4096, resolve);
    });
    return started;
  }

  /** The connection that was accepted as the `at`-th, once it has been. */
  async accepted(at = 0): Promise<Peer> {
    await eventually(() => {
      if (this.peers[at] === undefined) throw new Error(`only ${this.peers.length} connections came`);
    });
    return this.peers[at] as Peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
