import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { bindLoopback, listenOn, tcpSocket } from '../kernel/libc-sockets.ts';
import { Acceptor } from './acceptor.ts';
import type { TcpHandle } from './tcp-handle.ts';

test('a burst of connections is accepted in one turn of the event loop', async () => {
  const fd = tcpSocket(4);
  let port = 61_200;
  while (bindLoopback(fd, 4, port) < 0) port++;
  listenOn(fd, 128);
  const accepted: TcpHandle[] = [];
  const acceptor = new Acceptor(fd, (handle) => accepted.push(handle));
  await setImmediate();

  // The kernel makes each of them within the call: they wait when the loop turns.
  const callers = Array.from({ length: 40 }, () => connect(port, '127.0.0.1'));
  await Promise.all(callers.map((caller) => once(caller, 'connect')));
  await setImmediate();

  expect(accepted).toHaveLength(40);
  expect(new Set(accepted.map((handle) => handle.fd)).size).toBe(40);
  for (const handle of accepted) handle.close();
  for (const caller of callers) caller.destroy();
  acceptor.close();
});
