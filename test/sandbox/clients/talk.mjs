// A bare TCP client: `talk.mjs host port [pause-ms]` sends what it reads from standard input as it comes (or a byte
// at a time, with a pause after each), carries its end over, and prints what comes back.
import { connect } from 'node:net';

const [host, port, pause] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), allowHalfOpen: true });
socket.on('error', () => process.exit(1));
socket.pipe(process.stdout);
// What has been printed is not out yet where nobody has read it.
socket.on('end', () => process.stdout.write('', () => process.exit(0)));
if (pause === undefined) process.stdin.pipe(socket);
else
  for await (const part of process.stdin)
    for (const byte of part) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setTimeout(resolve, Number(pause)));
    }
