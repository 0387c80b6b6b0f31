// Messages of every size, ping both ways, and close codes of either side: prints what happens.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';

const [url] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const sum = (data) => createHash('sha256').update(data).digest('hex').slice(0, 16);

async function talk(options) {
  const socket = new WebSocket(url, options);
  socket.on('ping', (data) => say(`server pings: ${data}`));
  await once(socket, 'open');
  say(`open, extensions ${socket.extensions || 'none'}`);
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 5_000_000]) {
    const message = Buffer.alloc(size, 'abcdefg');
    socket.send(message);
    const [echo, isBinary] = await once(socket, 'message');
    say(
      `${size} bytes, ${isBinary ? 'binary' : 'text'}, ${sum(echo) === sum(message) ? 'same' : 'different'}`,
    );
  }
  const echoes = [];
  socket.on('message', (data) => echoes.push(data.toString()));
  for (let at = 0; at < 100; at++) socket.send(`message ${at}`);
  while (echoes.length < 100) await once(socket, 'message');
  say(`in order: ${echoes.every((echo, at) => echo === `message ${at}`)}`);
  socket.ping('here I am');
  const [pong] = await once(socket, 'pong');
  say(`server answers: ${pong}`);
  socket.send('ping');
  await once(socket, 'ping');
  return socket;
}

const first = await talk({ perMessageDeflate: false });
first.send('close 4321 enough');
const [code, reason] = await once(first, 'close');
say(`closed ${code} ${reason}`);

const second = await talk({ perMessageDeflate: true });
second.close(1000, 'done');
const [ours] = await once(second, 'close');
say(`closed ${ours}`);
