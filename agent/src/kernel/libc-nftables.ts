import { bindLibc, closeFd, type Fd, orErrno } from './libc.ts';

/** nfnetlink, for the one question that is asked too often to start a tool for it. */

const AF_NETLINK = 16;
/** SOCK_RAW | SOCK_CLOEXEC */
const RAW = 0x3 | 0x80000;
const NETLINK_NETFILTER = 12;
const NLM_F_REQUEST = 1;
const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_NEWGEN = 15;
const NFT_MSG_GETGEN = 16;
const NFTA_GEN_ID = 1;
/** struct nlmsghdr (16), then struct nfgenmsg (4). */
const HEADER = 20;
const MSG_DONTWAIT = 0x40;

const socket = bindLibc<(domain: number, type: number, protocol: number) => number>(
  'int socket(int domain, int type, int protocol)',
);
const send = bindLibc<(fd: Fd, bytes: Uint8Array, length: number, flags: number) => number>(
  'long send(int fd, const void *bytes, size_t length, int flags)',
);
const recv = bindLibc<(fd: Fd, bytes: Uint8Array, length: number, flags: number) => number>(
  'long recv(int fd, void *bytes, size_t length, int flags)',
);

/**
 * The generation of the nftables rules in the calling thread's netns. It is another one after every change that
 * anybody makes there, so while it is the same, so are the rules. Null when the kernel does not tell.
 */
export function nftablesGeneration(): number | null {
  const fd = orErrno(socket(AF_NETLINK, RAW, NETLINK_NETFILTER));
  if (fd < 0) return null;
  const request = Buffer.alloc(HEADER);
  request.writeUInt32LE(HEADER, 0);
  request.writeUInt16LE((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN, 4);
  request.writeUInt16LE(NLM_F_REQUEST, 6);
  const reply = Buffer.alloc(512);
  const sent = send(fd, request, HEADER, 0);
  // The kernel answers within the call to `send`.
  const length = sent === HEADER ? recv(fd, reply, reply.length, MSG_DONTWAIT) : 0;
  closeFd(fd);
  return readGeneration(reply.subarray(0, Math.max(0, length)));
}

/** Attributes: length and type, 2 bytes each in host order, then the value; padded to 4. */
function readGeneration(reply: Buffer): number | null {
  if (reply.length < HEADER || reply.readUInt16LE(4) !== ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN)) {
    return null;
  }
  for (let at = HEADER; at + 8 <= reply.length; ) {
    const length = reply.readUInt16LE(at);
    if (reply.readUInt16LE(at + 2) === NFTA_GEN_ID) return reply.readUInt32BE(at + 4);
    at += Math.max(4, (length + 3) & ~3);
  }
  return null;
}
