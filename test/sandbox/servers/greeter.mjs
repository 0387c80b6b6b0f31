// Speaks first, as mail and database servers do; then echoes.
import { createServer } from 'node:net';

createServer((socket) => {
  socket.on('error', () => {});
  socket.write('220 ready\r\n');
  socket.pipe(socket);
}).listen(2525);
