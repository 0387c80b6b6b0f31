import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { EADDRINUSE } from './errno.ts';
import { closeFd } from './libc.ts';
import {
  bindLoopback,
  isListening,
  listenOn,
  originalDestination,
  resetOnClose,
  tcpSocket,
} from './libc-sockets.ts';

it('makes a socket that Node can listen on', async () => {
  const fd = tcpSocket(4);
  expect(bindLoopback(fd, 4, 0)).toBe(0);
  expect(isListening(fd)).toBe(false);
  expect(listenOn(fd, 1024)).toBe(0);
  expect(isListening(fd)).toBe(true);
  const server = createServer((socket) => socket.end('hello')).listen({ fd });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const taken = tcpSocket(4);
  expect(bindLoopback(taken, 4, address.port)).toBe(-EADDRINUSE);
  closeFd(taken);
  const [greeting] = (await once(connect(address.port, '127.0.0.1'), 'data')) as [Buffer];
  expect(greeting.toString()).toBe('hello');
  server.close();
});

it('makes a socket that Node can connect', async () => {
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { Socket: NodeSocket } = await import('node:net');
  const client = new NodeSocket({ fd: tcpSocket(4) }).connect(address.port, '127.0.0.1');
  const [greeting] = (await once(client, 'data')) as [Buffer];
  expect(greeting.toString()).toBe('hello');
  client.destroy();
  server.close();
});

it('closes with RST where asked, and knows no original destination without a redirect', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = connect(address.port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const fd = (accepted as unknown as { _handle: { fd: number } })._handle.fd;
  expect(originalDestination(fd, 4)).toBeNull();
  expect(originalDestination(fd, 6)).toBeNull();
  expect(resetOnClose(fd)).toBe(0);
  accepted.destroy();
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  server.close();
});
