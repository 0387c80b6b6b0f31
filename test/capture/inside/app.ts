import { connect, createServer, type Socket } from 'node:net';

/** A pod's application: connects and listens where it is told to over IPC, and echoes. */
export type AppRequest =
  | {
      readonly id: number;
      readonly do: 'connect';
      readonly host: string;
      readonly port: number;
      readonly from?: number;
    }
  | { readonly id: number; readonly do: 'listen'; readonly host: string; readonly port: number }
  | { readonly id: number; readonly do: 'say'; readonly connection: number; readonly text: string }
  | { readonly id: number; readonly do: 'close'; readonly connection: number };

export type AppAnswer =
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly error: string };

/** Whoever is told that hangs up first. */
const BYE = Buffer.from('bye');
const connections = new Map<number, Socket>();

process.on('message', (request: AppRequest) => {
  perform(request).then(
    (text) => process.send?.({ id: request.id, text }),
    (error: NodeJS.ErrnoException) => process.send?.({ id: request.id, error: error.code ?? error.message }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('up');

function perform(request: AppRequest): Promise<string> {
  switch (request.do) {
    case 'connect':
      return open(request);
    case 'listen':
      return listen(request);
    case 'say':
      return say(at(request.connection), request.text);
    case 'close':
      at(request.connection).end();
      return Promise.resolve('');
  }
}

/** Answers with the first bytes that the other side says. */
function open({ id, host, port, from }: Extract<AppRequest, { do: 'connect' }>): Promise<string> {
  const socket = connect({ host, port, ...(from !== undefined && { localPort: from }) });
  connections.set(id, socket);
  socket.on('error', () => {});
  return next(socket);
}

function listen({ host, port }: Extract<AppRequest, { do: 'listen' }>): Promise<string> {
  return new Promise((resolve, reject) => {
    createServer((socket) => {
      socket.on('error', () => {}).write(`app ${socket.remoteAddress} ${socket.remotePort}`);
      socket.pipe(socket);
      socket.on('data', (bytes) => bytes.equals(BYE) && socket.end());
    })
      .on('error', reject)
      .listen(port, host, () => resolve(''));
  });
}

function say(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return next(socket);
}

function next(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (bytes: Buffer) => {
      socket.off('error', reject);
      resolve(bytes.toString());
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

function at(connection: number): Socket {
  const socket = connections.get(connection);
  if (socket === undefined) throw new Error(`no connection ${connection}`);
  return socket;
}
