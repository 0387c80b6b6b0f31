import { connect, createServer, type Socket } from 'node:net';

// `node stream-end.ts serve <port>`: pours bytes at whoever says something, until it hangs up.
// `node stream-end.ts read <host> <port> <connections> <seconds>`: reads from several at once; prints JSON.

const [mode, ...args] = process.argv.slice(2);
const BLOCK = Buffer.alloc(1 << 18, 'bytes ');
/** No beginning of any protocol that we know. */
const HELLO = '\0stream\n';

if (mode === 'serve') serve(Number(args[0]));
else read(args);

function serve(port: number): void {
  createServer({ noDelay: true }, (socket) => {
    const pour = () => {
      while (socket.write(BLOCK));
    };
    socket.on('drain', pour).on('error', () => {});
    socket.once('data', pour);
  }).listen(port);
}

function read([host, port, connections, seconds]: readonly string[]): void {
  let bytes = 0;
  const buffer = Buffer.alloc(1 << 18);
  const open = (): Socket => {
    const onread = {
      buffer,
      callback: (count: number) => {
        bytes += count;
        return true;
      },
    };
    const socket = connect({ host: host ?? '', port: Number(port), onread }, () => socket.write(HELLO));
    // An end that nobody asked for is no figure.
    return socket.on('close', () => process.exit(1));
  };
  for (let at = 0; at < Number(connections); at++) open();
  const began = performance.now();
  setTimeout(() => {
    process.stdout.write(JSON.stringify({ bytes, seconds: (performance.now() - began) / 1_000 }));
    process.exit(0);
  }, Number(seconds) * 1_000);
}
