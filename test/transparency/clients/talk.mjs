// A bare TCP client: `talk.mjs host port` sends what it reads from standard input, carries its end over, and prints
// what comes back until the server hangs up.
import { connect } from 'node:net';

const [host, port] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), allowHalfOpen: true });
socket.on('error', ({ code }) => {
  process.stdout.write(`\n${code}\n`);
  process.exitCode = 1;
});
process.stdin.pipe(socket);
socket.pipe(process.stdout);
