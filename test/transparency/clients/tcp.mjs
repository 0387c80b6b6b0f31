// What a TCP client can do: `tcp.mjs <case> <host>`; prints all that happens to its connection.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

const [name, host] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const block = Buffer.from(Array.from({ length: 8 << 20 }, (_, at) => (at * 17) % 253));

function open(port) {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const hash = createHash('sha256');
  let bytes = 0;
  socket.on('data', (part) => {
    hash.update(part);
    bytes += part.length;
  });
  socket.on('end', () => say(`FIN after ${bytes} bytes, ${hash.digest('hex')}`));
  socket.on('error', ({ code }) => say(code));
  return socket;
}

/** What the server saw of us, once it has seen something. */
async function diary() {
  for (;;) {
    const socket = connect({ host, port: 7000 });
    let text = '';
    for await (const part of socket.setEncoding('utf8')) text += part;
    if (text !== 'nothing\n') return `server: ${text.trim().replaceAll('\n', ', ')}`;
  }
}

const CASES = {
  'client-finishes-first': async () => {
    const socket = open(7001);
    socket.end(block);
    await once(socket, 'close');
  },
  'server-finishes-first': async () => {
    const socket = open(7002);
    await once(socket, 'end');
    socket.end(block);
    await once(socket, 'close');
    say(await diary());
  },
  'server-resets': async () => {
    for (const port of [7003, 7005]) {
      const socket = open(port);
      if (port === 7005) await once(socket, 'data');
      socket.write('x');
      await once(socket, 'close').catch(() => {});
    }
  },
  'server-resets-unasked': async () => {
    const socket = open(7004);
    await once(socket, 'close').catch(() => {});
  },
  'server-hangs-up': async () => {
    const socket = open(7008);
    await once(socket, 'end');
    socket.end();
    await once(socket, 'close');
  },
  'client-resets': async () => {
    const socket = open(7006);
    await once(socket, 'data');
    socket.resetAndDestroy();
    say(await diary());
  },
  'client-finishes': async () => {
    const socket = open(7006);
    await once(socket, 'data');
    socket.end();
    await once(socket, 'close');
    say(await diary());
  },
  'ping-pong': async () => {
    const socket = connect({ host, port: 7007, noDelay: true });
    for (let at = 0; at < 2000; at++) {
      socket.write(`\0${at}`);
      const [echo] = await once(socket, 'data');
      if (echo.toString() !== `\0${at}`) say(`${at}: ${echo}`);
    }
    socket.end();
    say('2000 rounds');
  },
  // Beginnings that look like other protocols, at once and in two parts with a pause between them.
  beginnings: async () => {
    const lines = [
      'GET key',
      'get a b c',
      'PING',
      'SET k v',
      'HELO me',
      'USER anonymous',
      'SUB a 1',
      'CONNECT {}',
      '{"id":1}',
      '\x16',
      '\x16\x03\x01',
      '\0\0\0\x04',
      'G',
      '*1',
      'OPTIONS',
      'PRI * HTTP/2.0',
      'QUIT',
    ];
    for (const line of lines) {
      for (const parts of [[`${line}\r\n`], [line.slice(0, 1), `${line.slice(1)}\r\n`]]) {
        const socket = open(7007);
        for (const part of parts) {
          socket.write(part);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        while (socket.bytesRead < line.length + 2) await once(socket, 'data');
        socket.end();
        await once(socket, 'close');
      }
    }
  },
  'a-slow-beginning': async () => {
    const socket = open(7007);
    for (const part of ['SE', 'T key', ' value\r\n']) {
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    }
    socket.end();
    await once(socket, 'close');
  },
};

await CASES[name]();
