// Opens one stream of each kind to the host that is named, and prints a line for every event: `<stream> tick`, and
// `<stream> over` once.
import { connect } from 'node:net';
import grpc from '@grpc/grpc-js';
import { WebSocket } from 'ws';

const [host] = process.argv.slice(2);

function print(stream) {
  let over = false;
  return {
    tick: () => process.stdout.write(`${stream} tick\n`),
    over: () => {
      if (!over) process.stdout.write(`${stream} over\n`);
      over = true;
    },
  };
}

const websocket = print('websocket');
const socket = new WebSocket(`ws://${host}:8080/ticks`);
socket.on('message', websocket.tick);
for (const end of ['error', 'close']) socket.on(end, websocket.over);

const stream = print('grpc');
const raw = (bytes) => bytes;
const client = new grpc.Client(`${host}:9090`, grpc.credentials.createInsecure());
const call = client.makeBidiStreamRequest('/shop.Streams/Ticks', raw, raw);
call.on('data', stream.tick);
for (const end of ['error', 'end']) call.on(end, stream.over);

const opaque = print('opaque');
const tcp = connect(7070, host);
tcp.on('data', opaque.tick);
for (const end of ['error', 'close']) tcp.on(end, opaque.over);
