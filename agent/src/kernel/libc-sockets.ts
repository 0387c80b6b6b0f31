import { ipv4Text, ipv6Text } from './ip-text.ts';
import { bindLibc, type Fd, orErrno } from './libc.ts';

/** Raw TCP sockets: made here, connected or accepted elsewhere. A socket keeps the netns it was made in. */

const AF_INET = 2;
const AF_INET6 = 10;
/** SOCK_NONBLOCK | SOCK_CLOEXEC: what libuv expects of a descriptor it is handed. */
const HANDED = 0x800 | 0x80000;
const SOCK_STREAM = 0x1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_KEEPALIVE = 9;
const SO_LINGER = 13;
const SO_ACCEPTCONN = 30;
const SO_MARK = 36;
const IPPROTO_IP = 0;
const IP_FREEBIND = 15;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const IP_TRANSPARENT = 19;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_TRANSPARENT = 75;
const IPV6_FREEBIND = 78;
/** The same number for IPv4 (SO_ORIGINAL_DST) and IPv6 (IP6T_SO_ORIGINAL_DST); the level tells them apart. */
const ORIGINAL_DST = 80;

const socket = bindLibc<(domain: number, type: number, protocol: number) => number>(
  'int socket(int domain, int type, int protocol)',
);
const bind = bindLibc<(fd: Fd, address: Uint8Array, length: number) => number>(
  'int bind(int fd, const void *address, uint32_t length)',
);
const listen = bindLibc<(fd: Fd, backlog: number) => number>('int listen(int fd, int backlog)');
const accept4 = bindLibc<(fd: Fd, address: null, length: null, flags: number) => number>(
  'int accept4(int fd, void *address, void *length, int flags)',
);
const setsockopt = bindLibc<
  (fd: Fd, level: number, name: number, value: Uint8Array, length: number) => number
>('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
const getsockname = bindLibc<(fd: Fd, address: Uint8Array, length: Uint8Array) => number>(
  'int getsockname(int fd, void *address, void *length)',
);
const getpeername = bindLibc<(fd: Fd, address: Uint8Array, length: Uint8Array) => number>(
  'int getpeername(int fd, void *address, void *length)',
);
const getsockopt = bindLibc<
  (fd: Fd, level: number, name: number, value: Uint8Array, length: Uint8Array) => number
>('int getsockopt(int fd, int level, int name, void *value, void *length)');

/** An unconnected non-blocking TCP socket in the calling thread's netns, or `-errno`. */
export function tcpSocket(family: 4 | 6): Fd {
  return orErrno(socket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM | HANDED, 0));
}

/**
 * Binds to the loopback address of the socket's family, also while `lo` is still down, as it is in a namespace that
 * the runtime has just made. Takes a port over from closed connections, never from a listener. Returns 0 or `-errno`.
 */
export function bindLoopback(fd: Fd, family: 4 | 6, port: number): number {
  const options: readonly [level: number, name: number][] =
    family === 4
      ? [[IPPROTO_IP, IP_FREEBIND]]
      : [
          [IPPROTO_IPV6, IPV6_V6ONLY],
          [IPPROTO_IPV6, IPV6_FREEBIND],
        ];
  for (const [level, name] of [[SOL_SOCKET, SO_REUSEADDR] as const, ...options]) {
    const result = setInt(fd, level, name, 1);
    if (result < 0) return result;
  }
  const address = family === 4 ? loopbackAddress4(port) : loopbackAddress6(port);
  return orErrno(bind(fd, address, address.length));
}

/** Binds to all addresses of the socket's family, and of the other one to none. Returns 0 or `-errno`. */
export function bindAny(fd: Fd, family: 4 | 6, port: number): number {
  const options = [[SOL_SOCKET, SO_REUSEADDR] as const, ...(family === 6 ? [ONLY_6] : [])];
  for (const [level, name] of options) {
    const result = setInt(fd, level, name, 1);
    if (result < 0) return result;
  }
  const address = anyAddress(family, port);
  return orErrno(bind(fd, address, address.length));
}

const ONLY_6 = [IPPROTO_IPV6, IPV6_V6ONLY] as const;

/**
 * Lets the socket be bound to addresses of others, by whoever holds it; needs CAP_NET_ADMIN over the netns. It shares
 * ports with all who allow that, so that it keeps no server from listening. Returns 0 or `-errno`.
 */
export function makeTransparent(fd: Fd, family: 4 | 6): number {
  const [level, name] =
    family === 4 ? ([IPPROTO_IP, IP_TRANSPARENT] as const) : ([IPPROTO_IPV6, IPV6_TRANSPARENT] as const);
  const result = setInt(fd, level, name, 1);
  return result < 0 ? result : setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

/** Binds to an address of 4 or 16 bytes, and to any port. Returns 0 or `-errno`. */
export function bindTo(fd: Fd, address: Uint8Array): number {
  const family = address.length === 4 ? 4 : 6;
  const socketAddress = anyAddress(family, 0);
  socketAddress.set(address, family === 4 ? 4 : 8);
  return orErrno(bind(fd, socketAddress, socketAddress.length));
}

/**
 * Binds a transparent socket to the address that an accepted connection comes from, and to its port or to any.
 * Returns 0 or `-errno`.
 */
export function bindAsPeerOf(fd: Fd, accepted: Fd, port: 'same' | 'any'): number {
  answerLength.writeUInt32LE(answer.length, 0);
  const result = orErrno(getpeername(accepted, answer, answerLength));
  if (result < 0) return result;
  if (port === 'any') {
    answer.writeUInt16BE(0, 2);
    // It is chosen by `connect`, which knows the other end: any that is free for this pair of ends will do.
    setInt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  }
  return orErrno(bind(fd, answer, answerLength.readUInt32LE(0)));
}

/** Lets the socket have a port together with others that allow it, too, none of which listens. Returns 0 or `-errno`. */
export function shareAddress(fd: Fd): number {
  return setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

/** The port that a socket is bound to; 0 when it is to none. */
export function localPort(fd: Fd): number {
  answerLength.writeUInt32LE(answer.length, 0);
  return getsockname(fd, answer, answerLength) === 0 ? answer.readUInt16BE(2) : 0;
}

/** The kernel caps `backlog` at `net.core.somaxconn` of the socket's netns. Returns 0 or `-errno`. */
export function listenOn(fd: Fd, backlog: number): number {
  return orErrno(listen(fd, backlog));
}

/** A connection that waits on a non-blocking listener, or `-errno`: `-EAGAIN` when there is none. */
export function acceptWaiting(listener: Fd): Fd {
  return orErrno(accept4(listener, null, null, HANDED));
}

/** False once somebody who shares the socket has shut it down; `listenOn` brings it back. */
export function isListening(fd: Fd): boolean {
  const value = Buffer.alloc(4);
  const length = Buffer.from([4, 0, 0, 0]);
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, length) === 0 && value.readInt32LE(0) === 1;
}

/** Why the connection has broken, 0 while it has not; said once only. */
export function takeError(fd: Fd): number {
  answerLength.writeUInt32LE(4, 0);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, answer, answerLength) === 0 ? answer.readInt32LE(0) : 0;
}

/** Marks the socket's packets (SO_MARK); needs CAP_NET_ADMIN over the netns. Returns 0 or `-errno`. */
export function setMark(fd: Fd, mark: number): number {
  return setInt(fd, SOL_SOCKET, SO_MARK, mark);
}

/**
 * Turns Nagle's algorithm off: a relay must add no latency, whatever the application chose. What is accepted from a
 * listening socket inherits it. Returns 0 or `-errno`.
 */
export function sendAtOnce(fd: Fd): number {
  return setInt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/** Seconds between two probes, and how many without an answer end the connection: as Node sets them. */
const PROBE_SECONDS = 1;
const PROBES = 10;

/** Has the kernel ask the peer for a sign of life after so many seconds of silence. Returns 0 or `-errno`. */
export function keepAlive(fd: Fd, seconds: number): number {
  setInt(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  setInt(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_SECONDS);
  setInt(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
  return setInt(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/** Makes the coming close send RST instead of FIN (SO_LINGER with 0 seconds). Returns 0 or `-errno`. */
export function resetOnClose(fd: Fd): number {
  const linger = Buffer.alloc(8);
  linger.writeInt32LE(1, 0);
  return orErrno(setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, 8));
}

// One accept at a time per thread: the answer is read before the next call.
const answer = Buffer.alloc(28);
const answerLength = Buffer.alloc(4);

/**
 * Where an accepted connection was going before REDIRECT. `null` when conntrack does not know it, which is the case
 * for a connection that was dialled straight to the listener.
 */
export function originalDestination(fd: Fd, family: 4 | 6): { ip: string; port: number } | null {
  // A v4-mapped peer of an IPv6 listener is known to IPv4's conntrack only, so the other level is asked next.
  const levels = family === 4 ? [IPPROTO_IP, IPPROTO_IPV6] : [IPPROTO_IPV6, IPPROTO_IP];
  for (const level of levels) {
    answerLength.writeUInt32LE(answer.length, 0);
    if (getsockopt(fd, level, ORIGINAL_DST, answer, answerLength) === 0) return readAddress(answer);
  }
  return null;
}

const int = Buffer.alloc(4);

function setInt(fd: Fd, level: number, name: number, value: number): number {
  int.writeUInt32LE(value >>> 0, 0);
  return orErrno(setsockopt(fd, level, name, int, 4));
}

/**
 * struct sockaddr_in: family in host order (little-endian on x64 and arm64), port and address in network order;
 * struct sockaddr_in6: family, port, flow info, address, scope.
 */
function anyAddress(family: 4 | 6, port: number): Buffer {
  const address = Buffer.alloc(family === 4 ? 16 : 28);
  address.writeUInt16LE(family === 4 ? AF_INET : AF_INET6, 0);
  address.writeUInt16BE(port, 2);
  return address;
}

function loopbackAddress4(port: number): Uint8Array {
  const address = anyAddress(4, port);
  address.set([127, 0, 0, 1], 4);
  return address;
}

function loopbackAddress6(port: number): Uint8Array {
  const address = anyAddress(6, port);
  address.writeUInt8(1, 23);
  return address;
}

function readAddress(address: Buffer): { ip: string; port: number } | null {
  const port = address.readUInt16BE(2);
  switch (address.readUInt16LE(0)) {
    case AF_INET:
      return { ip: ipv4Text(address, 4), port };
    case AF_INET6:
      return { ip: ipv6Text(address, 8), port };
    default:
      return null;
  }
}
