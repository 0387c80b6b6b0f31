import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { dirname } from 'node:path';
import { type AdminSources, adminRoutes, publicRoutes, type Reply, type Routes } from './routes.ts';

export interface AdminOptions {
  readonly socketPath: string;
  /** Loopback address for probes and metrics; null listens on the socket only. */
  readonly address: { readonly host: string; readonly port: number } | null;
  readonly sources: AdminSources;
}

export interface AdminServer {
  /** The port may have been chosen by the kernel. */
  readonly address: { readonly host: string; readonly port: number } | null;
  close(): Promise<void>;
}

/** Readers who come to look, not a service: what they hold is bounded. */
const MAX_CONNECTIONS = 128;

/** Rejects when the socket belongs to a running agent, or either address can't be had. */
export async function startAdmin({ socketPath, address, sources }: AdminOptions): Promise<AdminServer> {
  const local = serve(adminRoutes(sources));
  await claimSocket(socketPath);
  await listening(local, (done) => local.listen(socketPath, done));
  chmodSync(socketPath, 0o600);
  if (address === null) return { address: null, close: () => closeAll([local]) };
  const tcp = serve(publicRoutes(sources));
  try {
    await listening(tcp, (done) => tcp.listen(address.port, address.host, done));
  } catch (error) {
    await closeAll([local]);
    throw error;
  }
  const { port } = tcp.address() as AddressInfo;
  return { address: { host: address.host, port }, close: () => closeAll([local, tcp]) };
}

function serve(routes: Routes): Server {
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://agent');
    if (request.method !== 'GET') reply(response, { status: 405, body: 'only GET is known here\n' });
    else if (url === null) reply(response, { status: 400, body: 'not a path\n' });
    else routes(url).then((found) => reply(response, found), failed(response));
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

/** A bug in what is shown must not end what is protected. */
const failed = (response: ServerResponse) => (error: Error) =>
  reply(response, { status: 500, body: `${error.stack}\n` });

function reply(response: ServerResponse, found: Reply): void {
  if ('stream' in found) {
    found.stream(response);
    return;
  }
  const { status, body, type = 'text/plain; charset=utf-8' } = found;
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** Makes the directory, for its owner only, and removes the socket of an agent that is no more. */
async function claimSocket(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (await isAnswered(path)) throw new Error(`another agent is running: it answers on ${path}`);
  rmSync(path, { force: true });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

function listening(server: Server, listen: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    listen(() => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    }),
  );
}
