import { bindLibc, type Fd, orErrno } from './libc.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

const flock = bindLibc<(fd: Fd, operation: number) => number>('int flock(int fd, int operation)');

/**
 * Locks what is open as `fd`, file or directory, against every other process of the node; 0, or `-errno`: `-EWOULDBLOCK` while
 * another has it. The kernel unlocks it when the descriptor is closed, also by a SIGKILL; a rename keeps it.
 */
export function tryLock(fd: Fd): number {
  return orErrno(flock(fd, LOCK_EX | LOCK_NB));
}
