import { attribute, be32, nested, text } from './attributes.ts';

/**
 * What nf_tables rules are made of: expressions that load into the one register used here, compare it, or act.
 * A comparison that fails, or a load that finds nothing, ends the rule. Numbers are those of `linux/netfilter/nf_tables.h`.
 */
export type Expression = Buffer;

const LIST_ELEMENT = 1;
const REGISTER = 1;
const VERDICT_REGISTER = 0;

const expression = (name: string, ...attributes: readonly Buffer[]): Expression =>
  nested(LIST_ELEMENT, text(1, name), nested(2, ...attributes));

const value = (type: number, bytes: Uint8Array): Buffer => nested(type, attribute(1, bytes));

/** In host order, as the kernel holds marks, interface numbers and flags in a register. */
export function host32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number >>> 0);
  return bytes;
}

export function host64(number: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes;
}

export function host16(number: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(number);
  return bytes;
}

export function port(number: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(number);
  return bytes;
}

// === loads ===

const META = { protocol: 1, mark: 3, iif: 4, oif: 5, family: 15, transport: 16 } as const;

export const meta = (key: keyof typeof META): Expression =>
  expression('meta', be32(1, REGISTER), be32(2, META[key]));

const BASES = { link: 0, network: 1, transport: 2 } as const;

export const payload = (base: keyof typeof BASES, offset: number, length: number): Expression =>
  expression('payload', be32(1, REGISTER), be32(2, BASES[base]), be32(3, offset), be32(4, length));

/** Of the packet's connection: bits such as `DNATED`. */
export const connectionStatus = (): Expression => expression('ct', be32(1, REGISTER), be32(2, 2));

const ORIGINAL = attribute(3, Uint8Array.of(0));

/** Of the packet within its connection, in one byte: 0 as its first packet, 1 for replies. */
export const connectionDirection = (): Expression => expression('ct', be32(1, REGISTER), be32(2, 1));

/** Of the packet's connection, as far as it concerns packets that go the way of the first one. */
export const connectionZone = (): Expression => expression('ct', be32(1, REGISTER), be32(2, 17), ORIGINAL);

/** What kind of address the packet goes to, seen from this namespace: a number of `linux/rtnetlink.h`. */
export const destinationType = (): Expression => expression('fib', be32(1, REGISTER), be32(2, 3), be32(3, 2));

/** The mark of the socket that the packet belongs to or would be delivered to; without a socket the rule ends. */
export const socketMark = (): Expression => expression('socket', be32(1, 1), be32(2, REGISTER));

/** Whether there is a socket at all, be it one that is only being opened, or has ended and waits; else the rule ends. */
export const anySocket = (): Expression => expression('socket', be32(1, 0), be32(2, REGISTER));

/** The id of the cgroup that the packet's socket was made in, or of its ancestor at `level`. */
export const socketCgroup = (level: number): Expression =>
  expression('socket', be32(1, 3), be32(2, REGISTER), be32(3, level));

export const masked = (mask: Uint8Array): Expression =>
  expression(
    'bitwise',
    be32(1, REGISTER),
    be32(2, REGISTER),
    be32(3, mask.length),
    value(4, mask),
    value(5, new Uint8Array(mask.length)),
  );

/** The same for every packet. */
export const constant = (bytes: Uint8Array): Expression =>
  expression('immediate', be32(1, REGISTER), value(2, bytes));

// === comparisons ===

export const equals = (bytes: Uint8Array): Expression => compare(0, bytes);
export const differs = (bytes: Uint8Array): Expression => compare(1, bytes);

export const isBelow = (bytes: Uint8Array): Expression => compare(2, bytes);

const compare = (operation: number, bytes: Uint8Array): Expression =>
  expression('cmp', be32(1, REGISTER), be32(2, operation), value(3, bytes));

export const inSet = (name: string): Expression => expression('lookup', text(1, name), be32(2, REGISTER));
export const notInSet = (name: string): Expression =>
  expression('lookup', text(1, name), be32(2, REGISTER), be32(5, 1));

// === actions ===

/** Takes the element out that is in the register, if it is in. */
export const removeFrom = (name: string): Expression =>
  expression('dynset', text(1, name), be32(3, 2), be32(4, REGISTER));

export const count = (counter: string): Expression => expression('objref', be32(1, 1), text(2, counter));

export const setMark = (mark: number): Expression[] => [
  expression('immediate', be32(1, REGISTER), value(2, host32(mark))),
  expression('meta', be32(2, META.mark), be32(3, REGISTER)),
];

/** To this port of the loopback address. */
export const redirectTo = (to: number): Expression[] => [
  expression('immediate', be32(1, REGISTER), value(2, port(to))),
  expression('redir', be32(1, REGISTER)),
];

/** To this port of the same address. */
export const toOtherPort = (family: number, to: number): Expression[] => [
  expression('immediate', be32(1, REGISTER), value(2, port(to))),
  expression('nat', be32(1, DNAT), be32(2, family), be32(5, REGISTER)),
];

const DNAT = 1;

/** To be said before conntrack sees the packet: for it, the connection is apart from those of other zones. */
export const setZone = (zone: number): Expression[] => [
  expression('immediate', be32(1, REGISTER), value(2, host16(zone))),
  expression('ct', be32(2, 17), ORIGINAL, be32(4, REGISTER)),
];

export const refuse = (): Expression => expression('reject', be32(1, 1), attribute(2, new Uint8Array(1)));

/** ICMP's or ICMPv6's port unreachable (NFT_REJECT_ICMPX_PORT_UNREACH): a QUIC client then tries TCP at once. */
export const refuseDatagram = (): Expression =>
  expression('reject', be32(1, 2), attribute(2, Uint8Array.of(1)));

const VERDICTS = { drop: 0, accept: 1, return: -5 } as const;

export const verdict = (name: keyof typeof VERDICTS): Expression => judge(be32(1, VERDICTS[name]));
export const goTo = (chain: string): Expression => judge(be32(1, -4), text(2, chain));

const judge = (...attributes: readonly Buffer[]): Expression =>
  expression('immediate', be32(1, VERDICT_REGISTER), nested(2, nested(2, ...attributes)));
