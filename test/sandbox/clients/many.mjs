// `many.mjs host port count`: opens so many connections one after the other, asks for something over each once all are open,
// and prints how many were answered with 200.
import { once } from 'node:events';
import { connect } from 'node:net';

const [host, port, count] = process.argv.slice(2);
const sockets = [];
for (let i = 0; i < Number(count); i++) {
  const socket = connect({ host, port: Number(port) });
  socket.on('error', () => {});
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  sockets.push(socket);
}
const answers = sockets.map(
  (socket) =>
    new Promise((resolve) => {
      socket.on('data', (bytes) => resolve(bytes.toString('latin1').includes(' 200 ')));
      socket.on('close', () => resolve(false));
      socket.write('GET / HTTP/1.1\r\nHost: many\r\n\r\n');
    }),
);
process.stdout.write(`${(await Promise.all(answers)).filter(Boolean).length}\n`);
process.exit();
