import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import { portSuffix } from '../capture/socket-table.ts';
import { canonicalIp, ipBytes } from '../identity/ip.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Of the process's own network namespace: `thread-self` might be a thread that has entered another. */
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];

/** The uid that opened the other end of a connection on this machine; null when the kernel does not say. */
export async function peerOwner(socket: Socket): Promise<number | null> {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  const peer = { address: remoteAddress, port: remotePort };
  const own = { address: localAddress, port: localPort };
  for (const table of TABLES) {
    const text = await readFile(table, 'latin1').catch(() => '');
    const owner = ownerIn(text, peer, own);
    if (owner !== null) return owner;
  }
  return null;
}

/** `proc_net_tcp(5)`; only an open socket has an owner there, of one that is closing the kernel prints uid 0. */
const ESTABLISHED = '01';

export function ownerIn(table: string, from: Endpoint, to: Endpoint): number | null {
  const [fromNames, toNames] = [namesOf(from), namesOf(to)];
  for (const line of table.split('\n')) {
    const [, local = '', remote = '', state, , , , uid] = line.trim().split(/\s+/);
    if (state === ESTABLISHED && fromNames.includes(local) && toNames.includes(remote)) return Number(uid);
  }
  return null;
}

/** As the tables write it: an IPv4 address also as an IPv6 socket may have it. */
function namesOf({ address, port }: Endpoint): readonly string[] {
  const suffix = portSuffix(port);
  const canonical = canonicalIp(address);
  if (canonical === null) return [];
  const bytes = [...ipBytes(canonical)];
  const ways = bytes.length === IPV4_BYTES ? [bytes, [...MAPPED, ...bytes]] : [bytes];
  return ways.map((way) => hexWords(way) + suffix);
}

const IPV4_BYTES = 4;
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The kernel prints addresses as 32-bit numbers of the machine's own byte order. */
function hexWords(bytes: readonly number[]): string {
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4);
    const printed = endianness() === 'LE' ? word.toReversed() : word;
    words.push(printed.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(''));
  }
  return words.join('');
}
