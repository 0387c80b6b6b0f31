// What a TCP server can do to a connection, one thing per port; and a diary of what it saw, on port 7000.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

const SIZE = 8 << 20;
const block = Buffer.from(Array.from({ length: SIZE }, (_, at) => (at * 31) % 251));

/** By the caller's address, so that two pods do not read each other's. */
const diary = new Map();
const note = (socket, event) => diary.set(socket.peer, `${diary.get(socket.peer) ?? ''}${event}\n`);

const checksum = () => {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    take: (part) => {
      hash.update(part);
      bytes += part.length;
    },
    tell: () => `${bytes} bytes, ${hash.digest('hex')}`,
  };
};

const BEHAVIOURS = {
  7000: (socket) => {
    socket.end(diary.get(socket.peer) ?? 'nothing\n');
    diary.delete(socket.peer);
  },
  // Reads everything until FIN, then answers.
  7001: (socket) => {
    const sum = checksum();
    socket.on('data', sum.take);
    socket.on('end', () => socket.end(`${sum.tell()}\n`));
  },
  // Sends everything and FIN at once, then reads until FIN.
  7002: (socket) => {
    const sum = checksum();
    socket.on('data', sum.take);
    socket.on('end', () => note(socket, sum.tell()));
    socket.end(block);
  },
  // Breaks off at the first byte.
  7003: (socket) => socket.once('data', () => socket.resetAndDestroy()),
  // Breaks off without having been spoken to.
  7004: (socket) => setImmediate(() => socket.resetAndDestroy()),
  // Greets, then breaks off when spoken to.
  7005: (socket) => {
    socket.write('hello\n');
    socket.once('data', () => socket.resetAndDestroy());
  },
  // Notes how it ends.
  7006: (socket) => {
    socket.write('ready\n');
    socket.on('end', () => note(socket, 'FIN'));
    socket.on('close', () => note(socket, 'closed'));
    socket.on('end', () => socket.end());
    socket.resume();
  },
  // Echoes.
  7007: (socket) => socket.pipe(socket),
  // Hangs up at once, politely.
  7008: (socket) => socket.end(),
};

for (const [port, behave] of Object.entries(BEHAVIOURS)) {
  createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.peer = socket.remoteAddress;
    socket.on('error', ({ code }) => note(socket, code));
    behave(socket);
  }).listen(Number(port));
}
