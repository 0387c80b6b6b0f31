import ipaddr from 'ipaddr.js';

/** Addresses of one family whose first `prefix` bits are those of `bits`. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly prefix: number;
  /** The first `prefix` bits, as a number. */
  readonly bits: bigint;
}

export interface Address {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

export const ADDRESS_BITS = { 4: 32, 6: 128 } as const;

export type CidrProblem =
  | 'syntax'
  /** An address without a prefix length. */
  | 'single'
  /** Bits are set beyond the prefix length: a reader might take it for the one address. */
  | 'host-bits'
  /** IPv4 addresses written as IPv6: they are dialled, and matched, as IPv4. */
  | 'mapped';

/** Reads `203.0.113.0/24` or `2001:db8::/32`. */
export function parseCidr(text: string): Cidr | CidrProblem {
  const slash = text.indexOf('/');
  const address = addressOf(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return 'syntax';
  if (slash < 0) return 'single';
  const { family, bits } = address;
  const prefix = PREFIX.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : Number.NaN;
  if (!(prefix <= ADDRESS_BITS[family])) return 'syntax';
  const shift = BigInt(ADDRESS_BITS[family] - prefix);
  if ((bits >> shift) << shift !== bits) return 'host-bits';
  if (family === 6 && prefix >= 96 && bits >> 32n === MAPPED) return 'mapped';
  return { family, prefix, bits: bits >> shift };
}

const PREFIX = /^(?:0|[1-9][0-9]{0,2})$/;
/** `::ffff:0:0/96` (RFC 4291 §2.5.5.2), without its last 32 bits. */
const MAPPED = 0xffffn;
/** `ipaddr.js` reads octal and short forms too, which name other hosts to other readers. */
const IPV4 = /^(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}$/;

/** Null when the text is no address; a zone (`%eth0`) is none either. */
export function addressOf(text: string): Address | null {
  if (!text.includes(':')) {
    if (!IPV4.test(text) || !ipaddr.IPv4.isValid(text)) return null;
    return { family: 4, bits: bitsOf(ipaddr.IPv4.parse(text).toByteArray()) };
  }
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return null;
  return { family: 6, bits: bitsOf(ipaddr.IPv6.parse(text).toByteArray()) };
}

function bitsOf(bytes: readonly number[]): bigint {
  return bytes.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
}
