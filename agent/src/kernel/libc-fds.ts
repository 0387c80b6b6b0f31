import { EAGAIN, errnoText } from './errno.ts';
import { addressOf, bindLibc, closeFd, type Fd, orErrno } from './libc.ts';

/** Descriptors across processes: SCM_RIGHTS on a SOCK_SEQPACKET pair, so that one packet is one message. */

const AF_UNIX = 1;
/** SOCK_SEQPACKET | SOCK_CLOEXEC; blocking mode does not matter, every call here says MSG_DONTWAIT. */
const SEQPACKET = 0x5 | 0x80000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_TRUNC = 0x20;
const MSG_CTRUNC = 0x8;

/** The kernel's SCM_MAX_FD: a packet with more is refused with EINVAL. */
export const MAX_FDS_PER_PACKET = 253;
const MAX_PAYLOAD = 4096;
const SEND_BUFFER = 1 << 20;

const socketpair = bindLibc<(domain: number, type: number, protocol: number, pair: Uint8Array) => number>(
  'int socketpair(int domain, int type, int protocol, void *pair)',
);
const setsockopt = bindLibc<
  (fd: Fd, level: number, name: number, value: Uint8Array, length: number) => number
>('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
const sendmsg = bindLibc<(fd: Fd, message: Uint8Array, flags: number) => number>(
  'long sendmsg(int fd, const void *message, int flags)',
);
const recvmsg = bindLibc<(fd: Fd, message: Uint8Array, flags: number) => number>(
  'long recvmsg(int fd, void *message, int flags)',
);

/** struct cmsghdr on 64-bit Linux: length (8), level (4), type (4), then the descriptors, 4 bytes each. */
const CONTROL_HEADER = 16;

// One packet at a time per thread, in memory that stays put: the header holds the addresses of the other three.
const arena = Buffer.alloc(MAX_PAYLOAD + 2048);
const body = arena.subarray(0, MAX_PAYLOAD);
const header = arena.subarray(MAX_PAYLOAD, MAX_PAYLOAD + 56);
const vector = arena.subarray(MAX_PAYLOAD + 64, MAX_PAYLOAD + 80);
const control = arena.subarray(MAX_PAYLOAD + 128, MAX_PAYLOAD + 128 + controlSpace(MAX_FDS_PER_PACKET));
const addresses = { body: addressOf(body), control: addressOf(control), vector: addressOf(vector) };

/** Both ends of a packet channel, close-on-exec; `spawn` hands one to a child through `stdio`. Throws on failure. */
export function socketPair(): [Fd, Fd] {
  const pair = Buffer.alloc(8);
  const result = orErrno(socketpair(AF_UNIX, SEQPACKET, 0, pair));
  if (result < 0) throw new Error(`socketpair: ${errnoText(result)}`);
  const ends: [Fd, Fd] = [pair.readInt32LE(0), pair.readInt32LE(4)];
  const size = Buffer.alloc(4);
  size.writeInt32LE(SEND_BUFFER, 0);
  for (const end of ends) setsockopt(end, SOL_SOCKET, SO_SNDBUF, size, 4);
  return ends;
}

export const fitsInPacket = (payload: string, fds: readonly Fd[]): boolean =>
  fds.length <= MAX_FDS_PER_PACKET && Buffer.byteLength(payload) <= MAX_PAYLOAD;

/**
 * Sends one packet with copies of `fds`; the caller's own stay open. `true`, or `-errno`: `-EAGAIN` when the reader
 * is behind, `-EPIPE` or `-ECONNRESET` when it is gone, `-ETOOMANYREFS` when this user has too many descriptors in flight.
 */
export function sendFds(channel: Fd, payload: string, fds: readonly Fd[]): true | number {
  if (fds.length > MAX_FDS_PER_PACKET) throw new RangeError(`${fds.length} descriptors in one packet`);
  if (Buffer.byteLength(payload) > MAX_PAYLOAD) throw new RangeError(`payload over ${MAX_PAYLOAD} bytes`);
  control.writeBigUInt64LE(BigInt(CONTROL_HEADER + fds.length * 4), 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  fds.forEach((fd, index) => {
    control.writeInt32LE(fd, CONTROL_HEADER + index * 4);
  });
  writeHeader(body.write(payload), fds.length === 0 ? 0 : controlSpace(fds.length));
  const result = orErrno(sendmsg(channel, header, MSG_DONTWAIT | MSG_NOSIGNAL));
  return result < 0 ? result : true;
}

/**
 * Reads one packet without waiting. `null` when there is none. The descriptors are the caller's to close, and
 * close-on-exec. Throws when the channel is broken or the other side closed it: either ends the reader.
 */
export function recvFds(channel: Fd): { payload: string; fds: Fd[] } | null {
  writeHeader(MAX_PAYLOAD, control.length);
  const length = orErrno(recvmsg(channel, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  if (length === -EAGAIN) return null;
  if (length < 0) throw new Error(`recvmsg: ${errnoText(length)}`);
  const fds = readRights(Number(header.readBigUInt64LE(40)));
  // INVARIANT: no packet has an empty payload, so nothing at all means that the other side is gone.
  if (length === 0) throw new Error('channel closed');
  if ((header.readInt32LE(48) & (MSG_TRUNC | MSG_CTRUNC)) !== 0) {
    // Fewer descriptors than the payload promises (RLIMIT_NOFILE, for one): use none of them.
    for (const fd of fds) closeFd(fd);
    throw new Error('packet cut short: descriptor limit reached');
  }
  return { payload: body.toString('utf8', 0, length), fds };
}

/**
 * struct msghdr on 64-bit Linux: name (8), its length (4+4), vector (8), its count (8), control (8), its length (8),
 * flags (4+4). The kernel rewrites lengths and flags, so all of it is written before each call.
 */
function writeHeader(payloadBytes: number, controlBytes: number): void {
  vector.writeBigUInt64LE(BigInt(addresses.body), 0);
  vector.writeBigUInt64LE(BigInt(payloadBytes), 8);
  header.fill(0);
  header.writeBigUInt64LE(BigInt(addresses.vector), 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(BigInt(controlBytes === 0 ? 0 : addresses.control), 32);
  header.writeBigUInt64LE(BigInt(controlBytes), 40);
}

function readRights(controlBytes: number): Fd[] {
  if (controlBytes < CONTROL_HEADER || control.readInt32LE(12) !== SCM_RIGHTS) return [];
  const end = Number(control.readBigUInt64LE(0));
  const fds: Fd[] = [];
  for (let at = CONTROL_HEADER; at + 4 <= end; at += 4) fds.push(control.readInt32LE(at));
  return fds;
}

/** CMSG_SPACE: the header plus the descriptors, rounded up to 8. */
function controlSpace(count: number): number {
  return CONTROL_HEADER + Math.ceil((count * 4) / 8) * 8;
}
