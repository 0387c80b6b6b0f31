import { bindLibc, closeFd, type Fd, orErrno } from './libc.ts';

/** Unix sockets whose descriptor number is needed: `sendFds` and `recvFds` work on them. */

const AF_UNIX = 1;
/** SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC */
const STREAM = 0x1 | 0x800 | 0x80000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct sockaddr_un: family (2), path with its NUL (108). */
const ADDRESS = 110;

const socket = bindLibc<(domain: number, type: number, protocol: number) => number>(
  'int socket(int domain, int type, int protocol)',
);
const connect = bindLibc<(fd: Fd, address: Uint8Array, length: number) => number>(
  'int connect(int fd, const void *address, uint32_t length)',
);
const getsockopt = bindLibc<
  (fd: Fd, level: number, name: number, value: Uint8Array, length: Uint8Array) => number
>('int getsockopt(int fd, int level, int name, void *value, void *length)');

/** Connects at once or not at all: a descriptor, or `-errno` (`-ENOENT` and `-ECONNREFUSED` when nobody listens). */
export function connectUnix(path: string): Fd {
  const address = Buffer.alloc(ADDRESS);
  address.writeUInt16LE(AF_UNIX, 0);
  if (address.write(path, 2) > ADDRESS - 3) throw new RangeError(`path too long for a socket: ${path}`);
  const fd = orErrno(socket(AF_UNIX, STREAM, 0));
  if (fd < 0) return fd;
  const connected = orErrno(connect(fd, address, address.length));
  if (connected === 0) return fd;
  closeFd(fd);
  return connected;
}

/**
 * Uid of whoever connected, or listened when we did, as our user namespace maps it; null when `fd` is no connected
 * unix socket.
 */
export function peerUid(fd: Fd): number | null {
  const credentials = Buffer.alloc(12);
  const length = Buffer.from([12, 0, 0, 0]);
  // struct ucred: pid, uid, gid.
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) === 0
    ? credentials.readUInt32LE(4)
    : null;
}
