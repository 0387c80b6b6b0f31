import { bindLibc, orErrno } from './libc.ts';

const WNOHANG = 1;

const waitpid = bindLibc<(pid: number, status: null, options: number) => number>(
  'int waitpid(int pid, int *status, int options)',
);

/** Lets go of a child that has ended; its number, 0 while it runs, or `-errno`. */
export const reap = (pid: number): number => orErrno(waitpid(pid, null, WNOHANG));
