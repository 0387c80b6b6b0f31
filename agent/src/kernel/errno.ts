import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** Linux error numbers by name, for comparing with the `-errno` of the libc bindings. */
export const {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EAGAIN,
  EBADF,
  ECONNRESET,
  EEXIST,
  EINPROGRESS,
  ENOENT,
  EOPNOTSUPP,
  EPIPE,
  ESRCH,
} = constants.errno;

/** `-errno` as an operator reads it: `EADDRINUSE: address already in use`. */
export function errnoText(negative: number): string {
  const [name, meaning] = getSystemErrorMap().get(negative) ?? [`errno ${-negative}`, 'unknown error'];
  return `${name}: ${meaning}`;
}

/** What Node calls the error of a system call, such as `ENOENT`; empty when it is of another kind. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';
