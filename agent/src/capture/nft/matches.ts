import type { Exemption } from '../wish.ts';
import {
  connectionDirection,
  connectionStatus,
  connectionZone,
  destinationType,
  differs,
  type Expression,
  equals,
  host16,
  host32,
  host64,
  inSet,
  isBelow,
  masked,
  meta,
  payload,
  port,
  socketCgroup,
  socketMark,
} from './expressions.ts';

/** What our rules ask of a packet. */

/**
 * The dead man's switch. While the element lives, connections are redirected; it goes by itself, and only a beat of
 * the dataplane puts it back. Its key is the transport protocol, so that one lookup asks both.
 */
export const GATE = 'gate';

/**
 * The same for what comes to the pod, which nobody has to judge: it also closes when somebody finds no agent behind it,
 * and when control sees that the dataplane has ended.
 */
export const ARRIVALS = 'arrivals';

export const TCP = 6;
const DNS = 53;
/** As netfilter and rtnetlink number address families. */
export const FAMILY = { 4: 2, 6: 10 } as const;
const LOOPBACK_INTERFACE = host32(1);
const FIN_SYN_RST_ACK = Uint8Array.of(0x17);
const SYN_ACK = Uint8Array.of(0x12);
const SYN = Uint8Array.of(0x02);
/** Of the connection's status. */
const DNATED = host32(0x20);
/** Where addresses are in the header of the packet, and how long they are. */
const DESTINATION = { 4: { offset: 16, length: 4 }, 6: { offset: 24, length: 16 } } as const;
const SOURCE = { 4: { offset: 12, length: 4 }, 6: { offset: 8, length: 16 } } as const;
/** RTN_LOCAL: an address of this namespace. */
const LOCAL = host32(2);
/** Below it, ports are given to the privileged only. */
const FIRST_PLAIN_PORT = 1024;

const UDP = 17;
const HTTPS = 443;

export const isUdp = [meta('transport'), equals(Uint8Array.of(UDP))];
export const isTcp = [meta('transport'), equals(Uint8Array.of(TCP))];
export const isNotTcp = [meta('transport'), differs(Uint8Array.of(TCP))];

const flags = (mask: Uint8Array): Expression[] => [payload('transport', 13, 1), masked(mask)];
/** Of TCP packets: the first one of a connection. */
export const isFirst = [...flags(FIN_SYN_RST_ACK), equals(SYN)];
export const isNotFirst = [...flags(FIN_SYN_RST_ACK), differs(SYN)];
/** No server takes it for the first one of a connection, whatever other flags it has. Ends where flags can't be read. */
export const isSurelyNotFirst = [...flags(SYN_ACK), differs(SYN)];

export const isToPort = (number: number): Expression[] => [payload('transport', 2, 2), equals(port(number))];
export const isDns = isToPort(DNS);
export const isToHttps = isToPort(HTTPS);
export const isOfFamily = (family: 4 | 6): Expression[] => [
  meta('family'),
  equals(Uint8Array.of(FAMILY[family])),
];
export const isToAddress = (family: 4 | 6, address: Uint8Array): Expression[] => [
  ...isOfFamily(family),
  payload('network', DESTINATION[family].offset, DESTINATION[family].length),
  equals(address),
];

export const isFromAddress = (family: 4 | 6, address: Uint8Array): Expression[] => [
  ...isOfFamily(family),
  payload('network', SOURCE[family].offset, SOURCE[family].length),
  equals(address),
];
/** 169.254.0.0/16 and fe80::/10: from the same link, where there is nobody but the node. */
export const isFromLinkLocal = {
  4: [...isOfFamily(4), payload('network', SOURCE[4].offset, 2), equals(Uint8Array.of(169, 254))],
  6: [
    ...isOfFamily(6),
    payload('network', SOURCE[6].offset, 2),
    masked(Uint8Array.of(0xff, 0xc0)),
    equals(Uint8Array.of(0xfe, 0x80)),
  ],
} as const;
export const isFromPrivilegedPort = [payload('transport', 0, 2), isBelow(port(FIRST_PLAIN_PORT))];
export const isNotForHere = [destinationType(), differs(LOCAL)];
export const cameOverLoopback = [meta('iif'), equals(LOOPBACK_INTERFACE)];

export const isOverLoopback = [meta('oif'), equals(LOOPBACK_INTERFACE)];
export const isNotOverLoopback = [meta('oif'), differs(LOOPBACK_INTERFACE)];
export const isMarked = (mark: number): Expression[] => [meta('mark'), equals(host32(mark))];
export const hasAnyMark = [meta('mark'), differs(host32(0))];
export const isRedirected = [connectionStatus(), masked(DNATED), differs(host32(0))];
export const isNotRedirected = [connectionStatus(), masked(DNATED), equals(host32(0))];
/** Goes against the direction of the connection's first packet. */
export const isReply = [connectionDirection(), equals(Uint8Array.of(1))];
export const isOfZone = (zone: number): Expression[] => [connectionZone(), equals(host16(zone))];
export const gateIsOpen = [meta('transport'), inSet(GATE)];
export const arrivalsAreOpen = [meta('transport'), inSet(ARRIVALS)];

/** The socket of the packet is one that the agent has made. */
export const isExempt = (exemption: Exemption): Expression[] =>
  exemption.kind === 'cgroup'
    ? [socketCgroup(exemption.level), equals(host64(exemption.id))]
    : isMarked(exemption.mark);

/** The packet would be delivered to a listening socket of the agent; `mark` is the one that is put on those. */
export const isForAgent = (exemption: Exemption, mark: number): Expression[] =>
  exemption.kind === 'cgroup' ? isExempt(exemption) : [socketMark(), equals(host32(mark))];

/** IPv4 without the flag that forbids it; the flag is in the first of the two bytes. */
export const mayBeFragmented = [
  ...isOfFamily(4),
  payload('network', 6, 1),
  masked(Uint8Array.of(0x40)),
  equals(Uint8Array.of(0)),
];
