import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { SocketFile } from '../kernel/socket-file.ts';
import { bearsToken } from './metrics-token.ts';
import { peerOwner } from './peer-owner.ts';
import { type AdminSources, adminRoutes, publicRoutes, type Reply, type Routes } from './routes.ts';

export interface AdminOptions {
  readonly socketPath: string;
  /** For probes and metrics; null listens on the socket only, an empty host on every address. */
  readonly address: Address | null;
  /** File with the token that `/metrics` asks for there; empty or absent asks for none. */
  readonly metricsTokenFile?: string;
  /** On loopback, for all that the socket answers and only for who could open that; null or absent for none. */
  readonly forwardAddress?: Address | null;
  readonly sources: AdminSources;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface AdminServer {
  /** The port may have been chosen by the kernel. */
  readonly address: Address | null;
  readonly forwardAddress: Address | null;
  /**
   * Makes this agent the one that answers at the socket, whoever did before; again after another one has been.
   * Rejects when the socket can't be made.
   */
  claim(): Promise<void>;
  /** Whoever asks at the socket is answered by this agent. */
  readonly isFound: boolean;
  /** Another one has claimed it: whoever is being answered is still, and nobody else. */
  cede(): void;
  close(): Promise<void>;
}

/** Readers who come to look, not a service: what they hold is bounded. */
const MAX_CONNECTIONS = 128;

/** Rejects when an address can't be had. The socket is there once it is claimed. */
export async function startAdmin(options: AdminOptions): Promise<AdminServer> {
  const { socketPath, metricsTokenFile = '', sources } = options;
  const file = new SocketFile(socketPath);
  const servers: Server[] = [];
  let local: Server | null = null;
  const open = (address: Address | null | undefined, server: () => Server): Promise<Address | null> => {
    if (address === null || address === undefined) return Promise.resolve(null);
    const made = server();
    servers.push(made);
    return openAt(made, address);
  };
  try {
    return {
      address: await open(options.address, () => serve(publicRoutes(sources), { metricsTokenFile })),
      forwardAddress: await open(options.forwardAddress, () =>
        serve(adminRoutes(sources), { mayAsk: ownerMayAsk() }),
      ),
      claim: async () => {
        local?.close();
        local = serve(adminRoutes(sources));
        servers.push(local);
        await file.claim(local);
      },
      get isFound() {
        return file.isOurs;
      },
      cede: () => local?.close(),
      close: () => {
        file.release();
        return closeAll(servers);
      },
    };
  } catch (error) {
    await closeAll(servers);
    throw error;
  }
}

async function openAt(server: Server, { host, port }: Address): Promise<Address> {
  // Without a host: both families, or IPv4 where the machine has no IPv6.
  await listening(server, (done) => server.listen({ port, host: host || undefined }, done));
  return { host, port: (server.address() as AddressInfo).port };
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

interface Gate {
  readonly metricsTokenFile?: string;
  /** Why this request is not answered; null when it is. */
  readonly mayAsk?: (request: IncomingMessage) => Promise<string | null>;
}

function serve(routes: Routes, { metricsTokenFile = '', mayAsk }: Gate = {}): Server {
  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const refusal = (await mayAsk?.(request)) ?? null;
    if (refusal !== null) return { status: 403, body: `${refusal}\n` };
    const url = URL.parse(request.url ?? '/', 'http://agent');
    if (request.method !== 'GET') return { status: 405, body: 'only GET is known here\n' };
    if (url === null) return { status: 400, body: 'not a path\n' };
    if (metricsTokenFile !== '' && url.pathname === '/metrics' && !mayScrape(request, metricsTokenFile))
      return { status: 401, body: 'the token of `--metrics-token-file` is needed\n' };
    return routes(url);
  };
  const server = createServer((request, response) => {
    answer(request).then((found) => reply(response, found), failed(response));
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

/** Names by which a page of another site can't reach us through somebody's port-forward (DNS rebinding). */
const OWN_NAMES = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

/**
 * The socket's file mode for a port: who is not root and not the agent's own user is not answered. The dataplanes, which
 * parse foreign bytes in this network namespace, are neither; the port-forward of a container runtime is root.
 */
function ownerMayAsk(): NonNullable<Gate['mayAsk']> {
  const trusted = new Set([0, process.getuid?.() ?? 0]);
  const owners = new WeakMap<Socket, Promise<number | null>>();
  return async ({ socket, headers }) => {
    if (!OWN_NAMES.test(headers.host ?? '')) return 'asked for by another name than `localhost`';
    const owner = owners.get(socket) ?? peerOwner(socket);
    owners.set(socket, owner);
    const uid = await owner;
    return uid !== null && trusted.has(uid) ? null : 'only root and the user of the agent are answered here';
  };
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
