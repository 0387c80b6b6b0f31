// dial.mjs PORT: standard input and output become a connection to the port at loopback; a byte on descriptor 3 says so.
import { writeSync } from 'node:fs';
import { connect } from 'node:net';

const socket = connect({ host: 'localhost', port: Number(process.argv[2]) }, () => {
  writeSync(3, '\n');
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
});
socket.on('close', () => process.exit(0));
socket.on('error', (error) => {
  const [reason = error] = error.errors ?? [];
  process.stderr.write(`${reason.message}\n`);
  process.exit(1);
});
process.stdout.on('error', () => socket.destroy());
