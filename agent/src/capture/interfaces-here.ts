import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type Interfaces, readInterfaces } from './interfaces.ts';

/** Of the namespace that the calling thread is in. */
export const interfacesHere = (): Interfaces =>
  readInterfaces(networkInterfaces(), { v4: readNetTable('route'), v6: readNetTable('ipv6_route') });

type NetTable = 'tcp' | 'tcp6' | 'route' | 'ipv6_route' | 'ip_tables_names' | 'ip6_tables_names';

/** What the kernel lists of that namespace. */
export function readNetTable(name: NetTable): string {
  try {
    return readFileSync(`/proc/thread-self/net/${name}`, 'utf8');
  } catch {
    // No IPv6 on this machine, or no such tables.
    return '';
  }
}
