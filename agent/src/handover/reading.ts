import type { Inheritance, ListenerInfo } from '../capture/protocol.ts';
import type { Exemption } from '../capture/wish.ts';
import type { Fd } from '../kernel/libc.ts';
import type { GivenExemption, GivenNetns, ToPredecessor } from './protocol.ts';

/** Reads what an agent of another version may have said: what it does not understand is null, and throws nothing. */

/** An object of which nothing is known. */
export type Said = {
  readonly [field in 'kind' | 'inodes' | 'count' | 'reason' | keyof GivenNetns]?: unknown;
};

/** Null for a line that is no object. */
export function readSaid(line: string): Said | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

export function readToPredecessor(line: string): ToPredecessor | null {
  const message = readSaid(line);
  const isTaken =
    message?.kind === 'taken' && Array.isArray(message.inodes) && message.inodes.every(Number.isInteger);
  return message?.kind === 'take' || isTaken ? (message as unknown as ToPredecessor) : null;
}

/** The descriptors are the inheritance's from here on; those of what is not understood stay the caller's. */
export function readInheritance(netns: Said, fds: readonly Fd[]): Inheritance | null {
  const { inode, listenerMark } = netns;
  const listeners = listOf(netns.listeners)?.map((one, index) => readListener(one, fds[index]));
  const makers = listOf(netns.makers)?.map(readExemption);
  const exemptions = listOf(netns.exemptions)?.map(readExemption);
  if (!isWhole(inode) || !isWhole(listenerMark) || listeners?.length !== fds.length) return null;
  if (!isComplete(listeners) || !isComplete(makers) || !isComplete(exemptions)) return null;
  return { inode, listeners, listenerMark, makers, exemptions };
}

function readListener(value: unknown, fd: Fd | undefined): ListenerInfo | null {
  // Agents before there was an inbound leg say no direction.
  const { direction = 'outbound', family, port } = (value ?? {}) as Partial<GivenNetns['listeners'][number]>;
  const isKnown = (direction === 'outbound' || direction === 'inbound') && (family === 4 || family === 6);
  return isKnown && isWhole(port) && fd !== undefined ? { direction, family, port, fd } : null;
}

function readExemption(value: unknown): Exemption | null {
  const given = (value ?? {}) as Partial<GivenExemption>;
  if (given.kind === 'mark') return isWhole(given.mark) ? { kind: 'mark', mark: given.mark } : null;
  if (given.kind !== 'cgroup') return null;
  const { kind, path, id, level } = given;
  const isRead =
    typeof path === 'string' && typeof id === 'string' && /^\d{1,20}$/.test(id) && isWhole(level);
  return isRead ? { kind, path, id: BigInt(id), level } : null;
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const listOf = (value: unknown): unknown[] | null => (Array.isArray(value) ? value : null);

function isComplete<T>(values: readonly (T | null)[] | null | undefined): values is readonly T[] {
  return Array.isArray(values) && !values.includes(null);
}
