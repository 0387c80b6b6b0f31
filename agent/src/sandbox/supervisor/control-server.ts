import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../../kernel/message-of.ts';
import { jsonLine, onJsonLines } from '../process/json-lines.ts';
import type { Calls, Method, Request, Response } from '../protocol.ts';

export type Handlers = {
  readonly [M in Method]: (params: Calls[M]['params']) => Promise<Calls[M]['result']> | Calls[M]['result'];
};

/** Answers calls on a unix socket, which only its owner can reach: the state directory is private. */
export async function startControlServer(path: string, handlers: Handlers): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    onJsonLines(socket, (value) => void respond(socket, value as Request, handlers));
  });
  server.listen(path);
  await once(server, 'listening');
  return server;
}

async function respond(socket: Socket, request: Request, handlers: Handlers): Promise<void> {
  const response = await handle(request, handlers);
  if (socket.writable) socket.write(jsonLine(response));
}

async function handle({ id, method, params }: Request, handlers: Handlers): Promise<Response> {
  // The method decides which parameters these are; the union can't follow that through the table.
  const handler = handlers[method] as ((params: unknown) => unknown) | undefined;
  if (handler === undefined) return { id, error: `no method \`${method}\`` };
  try {
    return { id, result: (await handler(params)) ?? null };
  } catch (error) {
    return { id, error: messageOf(error) };
  }
}
