import { once } from 'node:events';
import { openSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { EAGAIN, EBADF } from './errno.ts';
import { addressOf, closeFd, trySend } from './libc.ts';

/** The descriptor that libuv keeps to itself in the types. */
const fdOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } })._handle.fd;

async function connectedPair(): Promise<{ client: Socket; server: Socket; close: () => void }> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = connect(address.port, '127.0.0.1');
  const [server] = (await once(listener, 'connection')) as [Socket];
  return { client, server, close: () => [client.destroy(), server.destroy(), listener.close()] };
}

it('sends a slice of a long-lived buffer without a view of it', async () => {
  const { client, server, close } = await connectedPair();
  const buffer = Buffer.alloc(1024, 'abcdefgh');
  expect(trySend(fdOf(client), addressOf(buffer) + 2, 4)).toBe(4);
  const [received] = (await once(server, 'data')) as [Buffer];
  expect(received.toString()).toBe('cdef');
  close();
});

it('knows that a view starts later than the memory it looks into', () => {
  const buffer = Buffer.alloc(1024);
  expect(addressOf(buffer.subarray(100))).toBe(addressOf(buffer) + 100);
});

it('says EAGAIN when the peer does not read, instead of waiting', async () => {
  const { client, server, close } = await connectedPair();
  server.pause();
  const buffer = Buffer.alloc(1 << 20);
  let sent = 0;
  for (let round = 0; round < 64 && sent >= 0; round++) {
    sent = trySend(fdOf(client), addressOf(buffer), buffer.length);
  }
  expect(sent).toBe(-EAGAIN);
  close();
});

it('returns -errno for a descriptor that is gone', () => {
  const fd = openSync('/dev/null', 'r');
  expect(closeFd(fd)).toBe(0);
  expect(closeFd(fd)).toBe(-EBADF);
  expect(trySend(fd, addressOf(Buffer.alloc(100)), 1)).toBe(-EBADF);
});
