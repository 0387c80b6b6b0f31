// Opens many connections, and only when all are open sends a request on each: `crowd.mjs host port count`.
import { once } from 'node:events';
import { connect } from 'node:net';

const [host, port, count] = process.argv.slice(2);

async function open(at) {
  const socket = connect({ host, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  return { at, socket };
}

async function ask({ at, socket }) {
  socket.setEncoding('latin1').write(`GET /${at} HTTP/1.1\r\nHost: crowd\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const part of socket) text += part;
  return text.startsWith('HTTP/1.1 200 OK\r\n') && text.includes(`"url":"/${at}"`);
}

const sockets = await Promise.all(Array.from({ length: Number(count) }, (_, at) => open(at)));
process.stdout.write(`${sockets.length} open\n`);
const answers = await Promise.all(sockets.map(ask));
process.stdout.write(`${answers.filter(Boolean).length} answered\n`);
