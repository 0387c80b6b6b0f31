import koffi from 'koffi';

/**
 * The system calls Node does not offer, bound to the libc that Node itself is linked with (glibc or musl).
 * Every binding returns what the call returns, or `-errno`: an expected failure is a value.
 * This file holds what the hot path needs; sockets, descriptors, namespaces and limits have their own `libc-*.ts`,
 * so that a role binds only what it calls.
 */

/** A descriptor number of this process; it is shared by all its threads. */
export type Fd = number;

const library = koffi.load(null);

/** Binds one C prototype. The result type is spelled `long`, never `ssize_t`, which koffi does not know. */
export function bindLibc<Call extends (...args: never[]) => number>(prototype: string): Call {
  return library.func(prototype) as unknown as Call;
}

/** The call's own result, or `-errno` of the call that just failed on this thread. */
export function orErrno(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

// Measured on Node 24 (x64): passing a pointer as a number costs what a Buffer does less 10 %, and saves the
// subarray (36 ns and garbage) that a slice would need. User-space addresses fit 2^53 on every 64-bit Linux.
const send = bindLibc<(fd: Fd, address: number, length: number, flags: number) => number>(
  'long send(int fd, uintptr_t address, size_t length, int flags)',
);
const close = bindLibc<(fd: Fd) => number>('int close(int fd)');

const shutdown = bindLibc<(fd: Fd, how: number) => number>('int shutdown(int fd, int how)');

/** MSG_DONTWAIT | MSG_NOSIGNAL */
const SEND_FLAGS = 0x40 | 0x4000;

/**
 * Hands `length` bytes at `address` to the socket without waiting. Returns the bytes the kernel took (may be fewer),
 * or `-errno`: `-EAGAIN` when its buffer is full. The caller keeps the memory behind `address` alive.
 */
export function trySend(fd: Fd, address: number, length: number): number {
  return orErrno(send(fd, address, length, SEND_FLAGS));
}

const MSG_MORE = 0x8000;

/**
 * As `trySend`, but the kernel keeps the last segment back until more is written or `shutdownWrite` follows, which has to
 * happen at once: FIN is then in the same segment.
 */
export function trySendLast(fd: Fd, address: number, length: number): number {
  return orErrno(send(fd, address, length, SEND_FLAGS | MSG_MORE));
}

/**
 * Where the bytes of `buffer` start in memory, for `trySend(fd, addressOf(buffer) + offset, length)`.
 * INVARIANT: `buffer` is long-lived and larger than 64 bytes; V8 moves smaller ones while it collects garbage.
 */
export function addressOf(buffer: Uint8Array): number {
  return Number(koffi.address(buffer));
}

const SHUT_WR = 1;

/** Sends FIN after what the kernel has taken over. Returns 0 or `-errno`. */
export function shutdownWrite(fd: Fd): number {
  return orErrno(shutdown(fd, SHUT_WR));
}

/** Closes a raw descriptor that no Node handle owns. Returns 0 or `-errno`. */
export function closeFd(fd: Fd): number {
  return orErrno(close(fd));
}
