import { join } from 'node:path';
import type { Servers } from './twins.ts';
import { THERE } from './twins.ts';

export const serverFile = (name: string): string => join(import.meta.dirname, 'servers', name);
export const clientFile = (name: string): string => join(import.meta.dirname, 'clients', name);

export interface Server {
  readonly name: string;
  readonly command: readonly string[];
  /** Ports that it listens on; it is ready once it accepts on the first. The Service has the same. */
  readonly ports: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Each server is a pod on the other node, behind a Service of the same name. */
export function serving(servers: readonly Server[]): Servers {
  return {
    pods: servers.map(({ name, command, ports, env = {} }) => ({
      name,
      namespace: 'apps',
      node: THERE,
      command: [...command],
      ports: [...ports],
      env,
    })),
    services: servers.map(({ name, ports }) => ({
      name,
      namespace: 'apps',
      selector: { app: name },
      ports: ports.map((port) => ({ name: `p${port}`, port })),
    })),
  };
}
