import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Addresses, isV6 } from '../network/addresses.ts';
import { type Query, type Reply, readQuery, writeRefusal, writeReply } from './message.ts';

export interface DnsOptions {
  readonly addresses: Addresses;
  readonly port: number;
  readonly answer: (query: Query) => Reply;
}

/** What fits into a UDP reply without EDNS (RFC 1035 §4.2.1), and into a TCP one. */
const UDP_LIMIT = 512;
const TCP_LIMIT = 65_535;
const IDLE_MS = 10_000;

/** Answers DNS queries over UDP and TCP; rejects when an address can't be had. */
export async function startDns(options: DnsOptions): Promise<{ close(): void }> {
  const udp = await Promise.all(options.addresses.map((address) => listenUdp(address, options)));
  const tcp = await Promise.all(options.addresses.map((address) => listenTcp(address, options)));
  return {
    close: () => {
      for (const socket of udp) socket.close();
      for (const server of tcp) server.close();
    },
  };
}

function respond(message: Buffer, limit: number, answer: DnsOptions['answer']): Buffer | undefined {
  const query = readQuery(message);
  return query.ok ? writeReply(query.value, answer(query.value), limit) : writeRefusal(message, query.error);
}

async function listenUdp(address: string, { port, answer }: DnsOptions): Promise<UdpSocket> {
  const socket = createSocket({ type: isV6(address) ? 'udp6' : 'udp4', ipv6Only: isV6(address) });
  socket.on('message', (message, from) => {
    const reply = respond(message, UDP_LIMIT, answer);
    if (reply !== undefined) socket.send(reply, from.port, from.address);
  });
  socket.bind({ address, port });
  await once(socket, 'listening');
  // What goes wrong for one datagram, an unreachable asker say, is no reason to stop.
  socket.on('error', () => {});
  return socket;
}

async function listenTcp(address: string, { port, answer }: DnsOptions): Promise<Server> {
  const server = createServer((socket) => serveTcp(socket, answer));
  server.listen({ host: address, port });
  await once(server, 'listening');
  return server;
}

/** Messages come with their length in front (RFC 1035 §4.2.2), so what is kept of one asker is bounded by that. */
function serveTcp(socket: Socket, answer: DnsOptions['answer']): void {
  let pending = Buffer.alloc(0);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      const reply = respond(pending.subarray(2, end), TCP_LIMIT, answer);
      pending = pending.subarray(end);
      if (reply === undefined) {
        socket.destroy();
        return;
      }
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
    }
  });
}
