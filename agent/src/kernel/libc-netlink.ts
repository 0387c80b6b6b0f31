import { EAGAIN, errnoText } from './errno.ts';
import { bindLibc, type Fd, orErrno } from './libc.ts';

/** Netlink sockets. One belongs to the netns it was made in, from wherever it is used. */

const AF_NETLINK = 16;
/** SOCK_RAW | SOCK_CLOEXEC */
const RAW = 0x3 | 0x80000;
const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
const SOL_NETLINK = 270;
/** An error then does not carry the whole request along. */
const NETLINK_CAP_ACK = 10;
const MSG_DONTWAIT = 0x40;
/** The kernel fills a packet of a dump up to 32 KiB where the reader has room. */
const PACKET = 32_768;

const socket = bindLibc<(domain: number, type: number, protocol: number) => number>(
  'int socket(int domain, int type, int protocol)',
);
const setsockopt = bindLibc<
  (fd: Fd, level: number, name: number, value: Uint8Array, length: number) => number
>('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
const send = bindLibc<(fd: Fd, bytes: Uint8Array, length: number, flags: number) => number>(
  'long send(int fd, const void *bytes, size_t length, int flags)',
);
const recv = bindLibc<(fd: Fd, bytes: Uint8Array, length: number, flags: number) => number>(
  'long recv(int fd, void *bytes, size_t length, int flags)',
);

const packet = Buffer.alloc(PACKET);

/** In the calling thread's netns, which it pins until it is closed. A descriptor, or `-errno`. */
export const netfilterSocket = (): Fd => netlinkSocket(NETLINK_NETFILTER);
/** Likewise, for routes and for the rules of routing. */
export const routeSocket = (): Fd => netlinkSocket(NETLINK_ROUTE);

function netlinkSocket(protocol: number): Fd {
  const fd = orErrno(socket(AF_NETLINK, RAW, protocol));
  if (fd >= 0) setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, Buffer.from([1, 0, 0, 0]), 4);
  return fd;
}

/**
 * Sends a request and returns everything that the kernel says to it. It works a request off within the call to
 * `send`, so nothing is waited for. Throws when the socket is unusable: that is a bug or the end of the machine.
 */
export function askKernel(fd: Fd, request: Uint8Array): Buffer {
  const sent = orErrno(send(fd, request, request.length, 0));
  if (sent < 0) throw new Error(`can't send by netlink: ${errnoText(sent)}`);
  const answers: Buffer[] = [];
  for (;;) {
    const length = orErrno(recv(fd, packet, PACKET, MSG_DONTWAIT));
    if (length === -EAGAIN) return answers.length === 1 ? (answers[0] ?? packet) : Buffer.concat(answers);
    if (length < 0) throw new Error(`can't hear by netlink: ${errnoText(length)}`);
    answers.push(Buffer.from(packet.subarray(0, length)));
  }
}
