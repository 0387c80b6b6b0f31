/**
 * Finds connections to a pod's servers that the agent, which observes the pod, does not see: those from before. Reads
 * `/proc/<thread>/net/tcp` and `tcp6`.
 */

const LISTEN = '0A';
const ESTABLISHED = '01';
/** Below it, callers are left alone by the rules, as those in the node are. */
const FIRST_PLAIN_PORT = 1024;
/** How the kernel writes `::ffff:0:0/96`: IPv4 at a socket of IPv6. */
const MAPPED = '0000000000000000FFFF0000';

export interface Arrivals {
  /** Both tables, one after the other. */
  readonly table: string;
  /** Of the agent's listeners. */
  readonly agentPorts: ReadonlySet<number>;
  /** Whose connections are left alone, as addresses of 4 or 16 bytes. */
  readonly spared: readonly Uint8Array[];
}

interface Connection {
  readonly local: string;
  readonly remote: string;
}

export function hasUnseenArrivals({ table, agentPorts, spared }: Arrivals): boolean {
  const open: Connection[] = [];
  const servers = new Set<number>();
  for (const line of table.split('\n')) {
    const [, local = '', remote = '', state] = line.trim().split(/\s+/);
    if (state === LISTEN) servers.add(portOf(local));
    else if (state === ESTABLISHED) open.push({ local: plain(local), remote: plain(remote) });
  }
  for (const port of agentPorts) servers.delete(port);
  const sparedHere = new Set(spared.map(written));
  // Where the other end is a socket in here, the pod calls itself, or the agent calls it in somebody's name.
  const ends = new Set(open.map(({ local, remote }) => `${local} ${remote}`));
  return open.some(
    ({ local, remote }) =>
      servers.has(portOf(local)) &&
      portOf(remote) >= FIRST_PLAIN_PORT &&
      !sparedHere.has(addressOf(remote)) &&
      !isLinkLocal(addressOf(remote)) &&
      !ends.has(`${remote} ${local}`),
  );
}

const portOf = (end: string): number => Number.parseInt(end.slice(end.indexOf(':') + 1), 16);
const addressOf = (end: string): string => end.slice(0, end.indexOf(':'));
const plain = (end: string): string => (end.startsWith(MAPPED) ? end.slice(MAPPED.length) : end);

/** 169.254.0.0/16 and fe80::/16, as `written`. */
const isLinkLocal = (address: string): boolean =>
  address.length === 8 ? address.endsWith('FEA9') : address.slice(4, 8) === '80FE';

/** As the kernel writes it there: words of four bytes, each in host order. */
export function written(address: Uint8Array): string {
  const words = Array.from({ length: address.length / 4 }, (_, at) =>
    [...address.slice(4 * at, 4 * at + 4)].reverse(),
  );
  return words
    .flat()
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}
