import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { SocketFile } from '../kernel/socket-file.ts';
import { bearsToken } from './metrics-token.ts';
import { type AdminSources, adminRoutes, publicRoutes, type Reply, type Routes } from './routes.ts';

export interface AdminOptions {
  readonly socketPath: string;
  /** For probes and metrics; null listens on the socket only, an empty host on every address. */
  readonly address: { readonly host: string; readonly port: number } | null;
  /** File with the token that `/metrics` asks for there; empty or absent asks for none. */
  readonly metricsTokenFile?: string;
  readonly sources: AdminSources;
}

export interface AdminServer {
  /** The port may have been chosen by the kernel. */
  readonly address: { readonly host: string; readonly port: number } | null;
  /**
   * Makes this agent the one that answers at the socket, whoever did before; again after another one has been.
   * Rejects when the socket can't be made.
   */
  claim(): Promise<void>;
  /** Another one has claimed it: whoever is being answered is still, and nobody else. */
  cede(): void;
  close(): Promise<void>;
}

/** Readers who come to look, not a service: what they hold is bounded. */
const MAX_CONNECTIONS = 128;

/** Rejects when the address can't be had. The socket is there once it is claimed. */
export async function startAdmin({
  socketPath,
  address,
  metricsTokenFile = '',
  sources,
}: AdminOptions): Promise<AdminServer> {
  const file = new SocketFile(socketPath);
  const servers: Server[] = [];
  let local: Server | null = null;
  const own: AdminServer = {
    address: null,
    claim: async () => {
      local = serve(adminRoutes(sources));
      servers.push(local);
      await file.claim(local);
    },
    cede: () => local?.close(),
    close: () => {
      file.release();
      return closeAll(servers);
    },
  };
  if (address === null) return own;
  const tcp = serve(publicRoutes(sources), metricsTokenFile);
  servers.push(tcp);
  // Without a host: both families, or IPv4 where the machine has no IPv6.
  await listening(tcp, (done) => tcp.listen({ port: address.port, host: address.host || undefined }, done));
  return { ...own, address: { host: address.host, port: (tcp.address() as AddressInfo).port } };
}

/** Whether an agent answers there. */
export function isAnswered(path: string): Promise<boolean> {
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

function serve(routes: Routes, metricsTokenFile = ''): Server {
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://agent');
    if (request.method !== 'GET') reply(response, { status: 405, body: 'only GET is known here\n' });
    else if (url === null) reply(response, { status: 400, body: 'not a path\n' });
    else if (metricsTokenFile !== '' && url.pathname === '/metrics' && !mayScrape(request, metricsTokenFile))
      reply(response, { status: 401, body: 'the token of `--metrics-token-file` is needed\n' });
    else routes(url).then((found) => reply(response, found), failed(response));
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

const mayScrape = ({ headers }: IncomingMessage, file: string): boolean =>
  bearsToken(headers.authorization, file);

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
