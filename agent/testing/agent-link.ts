import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { AgentLink, Fleet } from '../src/cli/fleet/fleet.ts';
import { ok } from '../src/kernel/result.ts';

export interface FakeAgent {
  readonly link: AgentLink;
  readonly port: number;
  /** Breaks all connections. */
  drop(): void;
  close(): void;
}

/** Something that answers as an agent does. */
export async function fakeAgent(name: string, answer: RequestListener): Promise<FakeAgent> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const link: AgentLink = {
    name,
    connect: async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    },
  };
  const drop = () => server.closeAllConnections();
  return {
    link,
    port,
    drop,
    close: () => {
      server.close();
      drop();
    },
  };
}

/** A fleet whose agents can be exchanged while it is used. */
export function fakeFleet(
  links: readonly AgentLink[],
  changes = true,
): Fleet & { links: readonly AgentLink[] } {
  const fleet = { links, changes, find: async () => ok(fleet.links) };
  return fleet;
}
