import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { PortForward } from '@kubernetes/client-node';
import { afterEach, expect, it } from 'vitest';
import { serve } from '../testing/serve.ts';
import type { DialPod } from './port-forward.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Answers everything in capitals, then ends. */
async function shouter(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => socket.end(bytes.toString().toUpperCase()));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const dial: DialPod = async (_, port) => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
};

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name: 'web' },
  spec: { containers: [{ name: 'web', image: 'none' }] },
};

/** By the port-forward of the official client. */
async function forward(client: PortForward, pod: string, port: number) {
  const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const socket = await client.portForward('default', pod, [port], output, errors, input);
  if (typeof socket === 'function') throw new Error('not a socket');
  socket.on('close', () => {
    output.end();
    errors.end();
  });
  return { input, output: text(output), errors: text(errors) };
}

it('relays to a port of a pod, and says what went wrong', async () => {
  await using served = await serve({}, {}, { dial });
  served.store.apply(POD);
  const client = new PortForward(served.config);
  const port = await shouter();

  const good = await forward(client, 'web', port);
  good.input.write('hello');
  expect(await good.output).toBe('HELLO');
  expect(await good.errors).toBe('');

  for (const server of servers.splice(0)) server.close();
  const refused = await forward(client, 'web', port);
  expect(await refused.errors).toContain(`error forwarding port ${port}: connect ECONNREFUSED`);
  expect(await refused.output).toBe('');
});

it('refuses pods that there are none of, ports that are none, and where no pods run', async () => {
  await using served = await serve({}, {}, { dial });
  await using bare = await serve();
  served.store.apply(POD);
  bare.store.apply(POD);
  const refusal = (config: typeof served.config, pod: string, port: number) =>
    forward(new PortForward(config), pod, port).then(
      () => '',
      (error: { message?: string; error?: { message?: string } }) => error.message ?? error.error?.message,
    );
  expect(await refusal(served.config, 'other', 80)).toContain('404');
  expect(await refusal(served.config, 'web', 70_000)).toContain('400');
  expect(await refusal(bare.config, 'web', 80)).toContain('500');
});
