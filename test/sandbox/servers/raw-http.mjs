// Answers every request head with 200 and the address it came from, and prints each byte it is sent: what upstream
// really saw.
import { createServer } from 'node:net';

createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    process.stdout.write(`${JSON.stringify(bytes.toString('latin1'))}\n`);
    const body = `from ${socket.remoteAddress}`;
    if (bytes.includes('\r\n\r\n'))
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
}).listen(8080);
