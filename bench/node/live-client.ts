import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

// `node live-client.ts http <url>`: asks one thing after the other on one connection, and says when the status changes.
// `node live-client.ts tcp <host> <port>`: with each line of standard input opens a connection that the server greets
// on; says when it has, and when the connection has ended. A line of output is JSON: `{ what, at }`, `at` in ms of the
// wall clock.

const [kind = '', target = '', port] = process.argv.slice(2);
const say = (what: string) =>
  process.stdout.write(`${JSON.stringify({ what, at: performance.timeOrigin + performance.now() })}\n`);

if (kind === 'http') await ask(target);
else await hold(target, Number(port));

async function ask(url: string): Promise<never> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const connections = new Set<Socket>();
  for (let last = 0; ; ) {
    const { status, socket } = await new Promise<{ status: number; socket: Socket }>((resolve, reject) => {
      get(url, { agent }, (response) => {
        const { socket } = response;
        response.resume().once('end', () => resolve({ status: response.statusCode ?? 0, socket }));
      }).once('error', reject);
    });
    connections.add(socket);
    if (connections.size > 1) throw new Error('the connection was not kept');
    if (status !== last) say(String(status));
    last = status;
  }
}

async function hold(host: string, port: number): Promise<void> {
  for await (const _ of createInterface(process.stdin)) {
    const socket = connect({ host, port }).on('error', () => {});
    socket.once('data', () => say('greeted'));
    await new Promise((resolve) => socket.once('close', resolve));
    say('ended');
  }
}
