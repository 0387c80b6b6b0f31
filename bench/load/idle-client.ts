import { connect, type Socket } from 'node:net';

// `node idle-client.ts <host> <port> <path> <connections>`: makes one request on each of many connections and holds
// them all. Says `open` when they are, and ends with its standard input.

const [host = '', port, path, count] = process.argv.slice(2);

/** Opened at a time: fewer than any listener's backlog, so that none has to try again. */
const AT_ONCE = 100;
const DEADLINE_MS = 30_000;

const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) }, () => socket.write(request));
    socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.setTimeout(0);
      if (answer.toString('latin1').startsWith('HTTP/1.1 200')) resolve(socket);
      else reject(new Error(`answered ${answer.toString('latin1', 0, 40)}`));
    });
  });
}

const sockets: Socket[] = [];
while (sockets.length < Number(count)) {
  const missing = Number(count) - sockets.length;
  sockets.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, missing) }, open))));
}

let lost = 0;
for (const socket of sockets) socket.once('close', () => lost++);
process.stdout.write('open\n');
process.stdin.resume().once('end', () => {
  process.stdout.write(`lost ${lost}\n`);
  process.exit(0);
});
