import { bindAny, bindAsPeerOf } from '../kernel/libc-sockets.ts';
import type { SpentPorts } from './spent-ports.ts';

/**
 * Binds a socket to the caller's own address and port. What can't be connects from the same address, and `again` from
 * another port. Returns whether the port is the caller's.
 */
export function bindAsCaller(fd: number, caller: number, again: boolean): boolean {
  if (!again && bindAsPeerOf(fd, caller, 'same') >= 0) return true;
  bindAsPeerOf(fd, caller, 'any');
  return false;
}

export interface Spending {
  readonly ip: string;
  readonly port: number;
  readonly spentPorts: SpentPorts;
}

/** Binds a socket to a port that an earlier connection to the same destination has left. Returns whether it did. */
export function bindSpent(fd: number, { ip, port, spentPorts }: Spending, now: number): boolean {
  const spent = spentPorts.take(ip, port, now);
  // Somebody may have bound to it meanwhile: then the kernel chooses, as for everybody.
  return spent !== 0 && bindAny(fd, ip.includes(':') ? 6 : 4, spent) === 0;
}
