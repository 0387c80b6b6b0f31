import { createServer } from 'node:net';

// `node greeter.ts <port>`: speaks first, and then holds the connection, as a database without queries does.

createServer((socket) => {
  socket.on('error', () => {});
  socket.write('220 ready\r\n');
}).listen(Number(process.argv[2]), '0.0.0.0');
