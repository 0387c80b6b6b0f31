// What outlives an ordinary request, on one port each: 8080 HTTP (`/slow/<n>` sends n KiB, one every 100 ms) with a
// WebSocket at `/ticks`, 9090 gRPC (`/shop.Streams/Ticks`), 7070 TCP that speaks first. All but the first tick for ever.
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import grpc from '@grpc/grpc-js';
import { WebSocketServer } from 'ws';

const TICK_MS = 100;
const KIB = 'x'.repeat(1024);

/** Calls `say` again and again until `over` says that nobody listens. */
function tick(say, source, over) {
  const timer = setInterval(say, TICK_MS);
  source.on(over, () => clearInterval(timer));
  source.on('error', () => clearInterval(timer));
  say();
}

const http = createServer((request, response) => {
  let left = Number(request.url.split('/')[2] ?? 1);
  response.writeHead(200, { 'content-length': left * KIB.length });
  const timer = setInterval(() => {
    response.write(KIB);
    if (--left > 0) return;
    clearInterval(timer);
    response.end();
  }, TICK_MS);
  response.on('close', () => clearInterval(timer));
});
http.listen(8080, '::');
new WebSocketServer({ server: http, path: '/ticks' }).on('connection', (socket) =>
  tick(() => socket.send('tick'), socket, 'close'),
);

const raw = (bytes) => bytes;
const ticks = {
  path: '/shop.Streams/Ticks',
  requestStream: true,
  responseStream: true,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
};
const server = new grpc.Server();
server.addService(
  { ticks },
  { ticks: (call) => tick(() => call.write(Buffer.from('tick')), call, 'cancelled') },
);
server.bindAsync('[::]:9090', grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});

createTcpServer((socket) => tick(() => socket.write('tick'), socket, 'close')).listen(7070, '::');
