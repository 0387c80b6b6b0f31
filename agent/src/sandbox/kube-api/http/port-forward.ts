import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { messageOf } from '../../../kernel/message-of.ts';
import { err, ok, type Result } from '../../../kernel/result.ts';
import { resourceName } from '../resource.ts';
import { badRequest, notFound, type StatusError, unknownPath } from '../status-error.ts';
import type { ObjectStore } from '../store.ts';
import { resolveTarget, splitPath } from './target.ts';

/** Connects to a port of loopback in a pod's network namespace; what a kubelet has its runtime do. */
export type DialPod = (
  pod: { readonly namespace: string; readonly name: string; readonly uid: string },
  port: number,
) => Promise<Duplex>;

/** What `GET …/pods/<name>/portforward?ports=…` asks for. */
export interface Forwarding {
  readonly pod: Parameters<DialPod>[0];
  readonly ports: readonly number[];
}

/** More than anybody forwards in one connection: two channels each, of 256 that there are. */
const MAX_PORTS = 16;

export function parseForwarding(store: ObjectStore, url: URL): Result<Forwarding, StatusError> {
  const path = splitPath(url.pathname);
  const target = path === undefined ? undefined : resolveTarget(store.registry, path);
  if (target?.subresource !== 'portforward' || resourceName(target.resource) !== 'pods')
    return err(unknownPath());
  const { namespace = '', name = '' } = target;
  const pod = store.get('pods', namespace, name);
  if (pod === undefined) return err(notFound({ group: '', plural: 'pods', name }));
  const ports = url.searchParams.getAll('ports').flatMap((text) => text.split(',').map(Number));
  if (ports.length === 0) return err(badRequest('query parameter "port" is required'));
  const isPort = (port: number) => Number.isInteger(port) && port > 0 && port < 65_536;
  if (ports.length > MAX_PORTS || !ports.every(isPort)) return err(badRequest('not a list of ports'));
  return ok({ pod: { namespace, name, uid: pod.metadata.uid }, ports });
}

/** Of each port its data and its errors are a channel, whose number goes before the content of every message. */
const PROTOCOL = 'v4.channel.k8s.io';

const server = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  handleProtocols: (protocols) => (protocols.has(PROTOCOL) ? PROTOCOL : false),
});

/** Answers the handshake and relays until either side has ended. */
export function forwardPorts(
  request: IncomingMessage,
  connection: { readonly socket: Duplex; readonly head: Buffer },
  { pod, ports, dial }: Forwarding & { readonly dial: DialPod },
): void {
  server.handleUpgrade(request, connection.socket, connection.head, (socket) => {
    socket.on('error', () => socket.terminate());
    if (socket.protocol !== PROTOCOL) return socket.close(1002, `only ${PROTOCOL} is known here`);
    const channels = ports.map((port, at) => new PortChannel(socket, at * 2, port));
    socket.on('message', (data) => {
      const bytes = bytesOf(data);
      channels.find(({ channel }) => channel === bytes[0])?.received(bytes.subarray(1));
    });
    for (const channel of channels) void channel.run((port) => dial(pod, port));
  });
}

class PortChannel {
  readonly channel: number;
  readonly #socket: WebSocket;
  readonly #port: number;
  /** What came before the pod was reached. */
  #early: Buffer[] = [];
  #pod: Duplex | null = null;

  constructor(socket: WebSocket, channel: number, port: number) {
    this.#socket = socket;
    this.channel = channel;
    this.#port = port;
  }

  received(bytes: Buffer): void {
    if (this.#pod === null) {
      this.#early.push(bytes);
    } else if (bytes.length > 0 && !this.#pod.write(bytes)) {
      this.#socket.pause();
      this.#pod.once('drain', () => this.#socket.resume());
    }
  }

  async run(dial: (port: number) => Promise<Duplex>): Promise<void> {
    // Each channel begins with the number of its port.
    const number = Buffer.from([this.#port & 0xff, this.#port >> 8]);
    for (const channel of [this.channel, this.channel + 1]) await this.#send(channel, number);
    try {
      const pod = await dial(this.#port);
      pod.on('error', () => pod.destroy());
      this.#socket.on('close', () => pod.destroy());
      this.#pod = pod;
      for (const bytes of this.#early.splice(0)) this.received(bytes);
      pod.on('data', async (bytes: Buffer) => {
        pod.pause();
        await this.#send(this.channel, bytes);
        pod.resume();
      });
      await once(pod, 'close');
    } catch (error) {
      const why = `error forwarding port ${this.#port}: ${messageOf(error)}`;
      await this.#send(this.channel + 1, Buffer.from(why));
    }
    this.#socket.close();
  }

  #send(channel: number, bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.send(Buffer.concat([Buffer.from([channel]), bytes]), { binary: true }, () => resolve());
    });
  }
}

const bytesOf = (data: RawData): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data;
