import { EINPROGRESS } from './errno.ts';
import { bindLibc, type Fd, orErrno } from './libc.ts';

/** Connecting a raw non-blocking socket without an event loop to tell how it ends. */

const AF_INET = 2;
const AF_INET6 = 10;

const connect = bindLibc<(fd: Fd, address: Uint8Array, length: number) => number>(
  'int connect(int fd, const void *address, uint32_t length)',
);
const getpeername = bindLibc<(fd: Fd, address: Uint8Array, length: Uint8Array) => number>(
  'int getpeername(int fd, void *address, void *length)',
);

/** Begins to connect to an address of 4 or 16 bytes. Returns 0, also while it is still under way, or `-errno`. */
export function beginConnect(fd: Fd, address: Uint8Array, port: number): number {
  const socketAddress = Buffer.alloc(address.length === 4 ? 16 : 28);
  socketAddress.writeUInt16LE(address.length === 4 ? AF_INET : AF_INET6, 0);
  socketAddress.writeUInt16BE(port, 2);
  socketAddress.set(address, address.length === 4 ? 4 : 8);
  const result = orErrno(connect(fd, socketAddress, socketAddress.length));
  return result === -EINPROGRESS ? 0 : result;
}

/** Somebody has answered, and not hung up. */
export function isConnected(fd: Fd): boolean {
  const length = Buffer.from([28, 0, 0, 0]);
  return getpeername(fd, Buffer.alloc(28), length) === 0;
}
