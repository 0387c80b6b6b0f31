// Upgrades to a protocol that nobody knows, sends 8 MiB in it and counts what comes back.
import { request } from 'node:http';

const [host, port] = process.argv.slice(2);
const SIZE = 8 << 20;

request({ host, port, headers: { connection: 'Upgrade', upgrade: 'echo' } })
  .on('upgrade', (response, socket) => {
    process.stdout.write(`${response.statusCode} ${response.headers.upgrade}\n`);
    let echoed = 0;
    socket.on('data', (part) => {
      echoed += part.length;
    });
    socket.on('end', () => process.stdout.write(`echoed ${echoed} bytes\n`));
    socket.end(Buffer.alloc(SIZE, 'x'));
  })
  .end();
