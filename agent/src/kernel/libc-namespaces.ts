import { closeSync, constants, fstatSync, openSync, statfsSync } from 'node:fs';
import { bindLibc, type Fd, orErrno } from './libc.ts';

/** Network namespaces as descriptors. Only the capture thread calls `setns`. */

const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const CLONE_NEWNET = 0x40000000;
/** statfs type of a namespace file (NSFS_MAGIC). */
const NSFS_MAGIC = 0x6e736673;

const setnsCall = bindLibc<(fd: Fd, type: number) => number>('int setns(int fd, int type)');
const unshareCall = bindLibc<(flags: number) => number>('int unshare(int flags)');

const abort = bindLibc<() => number>('void abort()');
const ioctl = bindLibc<(fd: Fd, request: number, argument: Uint8Array) => number>(
  'int ioctl(int fd, unsigned long request, void *argument)',
);

/** Ends the whole process at once with SIGABRT; `process.abort` refuses to in a worker thread. */
export function abortProcess(): void {
  abort();
}

/** Brings `lo` up in the netns that `socket` was made in. Returns 0 or `-errno`. */
export function setLoopbackUp(socket: Fd): number {
  // struct ifreq: the name (16), then the flags.
  const request = Buffer.alloc(40);
  request.write('lo');
  request.writeUInt16LE(IFF_UP, 16);
  return orErrno(ioctl(socket, SIOCSIFFLAGS, request));
}

/** Moves the calling thread, and only it, into the netns behind `fd`. Returns 0 or `-errno`. */
export function setNetns(fd: Fd): number {
  return orErrno(setnsCall(fd, CLONE_NEWNET));
}

/** Moves the calling thread, and only it, into a new empty netns. Returns 0 or `-errno`. */
export function unshareNetns(): number {
  return orErrno(unshareCall(CLONE_NEWNET));
}

/**
 * Opens a namespace file; the descriptor pins the namespace. `null` while the file is there and the namespace is not
 * mounted on it yet. Throws what `open` throws. Close it with `closeSync`: Node closes what a worker thread has opened
 * and not closed when the thread ends, by number.
 */
export function openNamespace(path: string): { fd: Fd; inode: number } | null {
  // Whatever else lies at that path, a fifo for one, must not block the thread.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const inode = namespaceInode(fd);
  if (inode !== null) return { fd, inode };
  closeSync(fd);
  return null;
}

/** The inode that identifies the namespace while it is pinned, or `null` when `fd` is no namespace. */
export function namespaceInode(fd: Fd): number | null {
  const path = `/proc/self/fd/${fd}`;
  return statfsSync(path).type === NSFS_MAGIC ? fstatSync(fd).ino : null;
}

/** The netns of the calling thread; `/proc/self` would answer for the main thread. */
export function openThreadNetns(): { fd: Fd; inode: number } {
  const opened = openNamespace('/proc/thread-self/ns/net');
  if (opened === null) throw new Error('/proc/thread-self/ns/net is not a namespace: is /proc mounted?');
  return opened;
}
