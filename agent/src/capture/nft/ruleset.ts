import type { Exemption, FamilyWish, Wish } from '../wish.ts';
import {
  absentTable,
  type Command,
  chain,
  counter,
  freshTable,
  rule,
  type TableName,
  type TimedElement,
  timedElement,
  timedSet,
} from './batch.ts';
import {
  connectionStatus,
  count,
  differs,
  type Expression,
  equals,
  goTo,
  host32,
  host64,
  inSet,
  masked,
  meta,
  payload,
  port,
  redirectTo,
  refuse,
  setMark,
  socketCgroup,
  socketMark,
  verdict,
} from './expressions.ts';

/** The table of ours in a pod's network namespace, as nf_tables commands. Pure. */

export const TABLE: TableName = { family: 'inet', table: 'eastwall' };

/**
 * The dead man's switch. While the element lives, connections are redirected; it goes by itself, and only a beat of
 * the dataplane puts it back. Its key is the transport protocol, so that one lookup asks both.
 */
export const GATE = 'gate';
export const gateElement = (timeoutMs: number): TimedElement => ({ set: GATE, key: TCP, timeoutMs });

export const COUNTERS = {
  /** Connections to the agent's port that would have reached somebody else's socket. */
  foreignListener: 'foreign_listener',
  /** Connections refused because nobody judges them. */
  unjudged: 'unjudged',
} as const;

const TCP = 6;
const FAMILY = { 4: 2, 6: 10 } as const;
const LOOPBACK_INTERFACE = host32(1);
const FIN_SYN_RST_ACK = Uint8Array.of(0x17);
const SYN = Uint8Array.of(0x02);
/** Of the connection's status. */
const DNATED = host32(0x20);
const DNS = 53;

const isTcp = [meta('transport'), equals(Uint8Array.of(TCP))];
const isNotTcp = [meta('transport'), differs(Uint8Array.of(TCP))];
const flags = [payload('transport', 13, 1), masked(FIN_SYN_RST_ACK)];
const isToPort = (number: number): Expression[] => [payload('transport', 2, 2), equals(port(number))];
const isOfFamily = (family: 4 | 6): Expression[] => [meta('family'), equals(Uint8Array.of(FAMILY[family]))];
const isRedirected = [connectionStatus(), masked(DNATED), differs(host32(0))];
const gateIsOpen = [meta('transport'), inSet(GATE)];

/** Where the destination is in the header of the packet, and how long it is. */
const DESTINATION = { 4: { offset: 16, length: 4 }, 6: { offset: 24, length: 16 } } as const;
const LOOPBACK = {
  4: Uint8Array.of(127, 0, 0, 1),
  6: Uint8Array.from({ length: 16 }, (_, at) => (at === 15 ? 1 : 0)),
} as const;

const isToAddress = (family: 4 | 6, address: Uint8Array): Expression[] => [
  ...isOfFamily(family),
  payload('network', DESTINATION[family].offset, DESTINATION[family].length),
  equals(address),
];

/** The socket of the packet is one that the agent has made. */
export const isExempt = (exemption: Exemption): Expression[] =>
  exemption.kind === 'cgroup'
    ? [socketCgroup(exemption.level), equals(host64(exemption.id))]
    : [meta('mark'), equals(host32(exemption.mark))];

/**
 * Everything that the namespace should have, replacing what it has of ours in one transaction. `gateMs` is how long
 * the gate stays open without a beat, 0 for a closed one.
 */
export function ruleset(wish: Wish, gateMs: number): Command[] {
  const { v4, v6 } = wish;
  const modes = [v4.mode, v6.mode];
  if (modes.every((mode) => mode === 'none')) return absentTable(TABLE);
  return [
    ...freshTable(TABLE),
    chain(TABLE, 'outbound', { type: 'nat', point: 'output', priority: BEFORE_OTHER_NAT }),
    rule(TABLE, {
      chain: 'outbound',
      comment: 'redirected before',
      // Matches nothing that matters. The chain holds NAT in the kernel, and this rule holds conntrack: when the last
      // one goes, packets of connections still redirected leave with the wrong addresses, and are answered with RST.
      expressions: [...isRedirected, verdict('return')],
    }),
    ...(modes.some((mode) => mode === 'redirect' || mode === 'reject') ? active(wish, gateMs) : []),
  ];
}

/** What others, iptables above all, do with an address comes after us, and not at all where we have redirected. */
const BEFORE_OTHER_NAT = -110;
const AFTER_NAT = 10;
const MANGLE = -150;
const FILTER = 0;

function active(wish: Wish, gateMs: number): Command[] {
  return [
    timedSet(TABLE, GATE),
    ...(gateMs > 0 ? [timedElement(TABLE, gateElement(gateMs))] : []),
    ...Object.values(COUNTERS).map((name) => counter(TABLE, name)),
    ...redirecting(wish),
    ...refusing(wish),
    ...owning(wish),
  ];
}

function redirecting({ v4, v6, exemptions }: Wish): Command[] {
  const outbound = (comment: string, expressions: readonly Expression[]) =>
    rule(TABLE, { chain: 'outbound', comment, expressions });
  const to = (family: 4 | 6, wish: FamilyWish): Command[] =>
    wish.mode !== 'redirect'
      ? []
      : [
          rule(TABLE, {
            chain: 'intercept',
            comment: 'to the agent',
            expressions: [...gateIsOpen, ...isOfFamily(family), ...redirectTo(wish.port)],
          }),
        ];
  return [
    chain(TABLE, 'intercept', null),
    outbound('not TCP', [...isNotTcp, verdict('return')]),
    // A connection from before enrolment shows up in the middle: sending it elsewhere would reset it.
    outbound('open connections', [...flags, differs(SYN), verdict('return')]),
    outbound('loopback and own addresses', [meta('oif'), equals(LOOPBACK_INTERFACE), verdict('return')]),
    outbound('DNS', [...isToPort(DNS), verdict('return')]),
    ...exemptions.map((exemption) =>
      outbound('the agent itself', [...isExempt(exemption), verdict('return')]),
    ),
    outbound('all others', [goTo('intercept')]),
    ...to(4, v4),
    ...to(6, v6),
  ];
}

/** After NAT: what has not been redirected, and may not go direct. */
function refusing({ v6, exemptions, failMode }: Wish): Command[] {
  const rules: [comment: string, expressions: Expression[]][] = [];
  const reset = [count(COUNTERS.unjudged), refuse()];
  if (v6.mode === 'reject') rules.push(['no listener for IPv6', [...gateIsOpen, ...isOfFamily(6), ...reset]]);
  if (failMode === 'closed') rules.push(['nobody judges it', reset]);
  if (rules.length === 0) return [];
  const refused = (comment: string, expressions: readonly Expression[]) =>
    rule(TABLE, { chain: 'refused', comment, expressions });
  return [
    chain(TABLE, 'refused', { type: 'filter', point: 'output', priority: AFTER_NAT }),
    refused('not TCP', [...isNotTcp, verdict('return')]),
    refused('open connections', [...flags, differs(SYN), verdict('return')]),
    // The interface of a packet that has just been redirected is still the old one, its connection's status is not.
    refused('redirected', [...isRedirected, verdict('return')]),
    refused('loopback and own addresses', [meta('oif'), equals(LOOPBACK_INTERFACE), verdict('return')]),
    refused('DNS', [...isToPort(DNS), verdict('return')]),
    ...exemptions.map((exemption) =>
      refused('the agent itself', [...isExempt(exemption), verdict('return')]),
    ),
    ...rules.map(([comment, expressions]) => refused(comment, expressions)),
  ];
}

/**
 * Nobody but the agent may have a socket at the port that connections are redirected to: while the agent is gone,
 * whoever takes its port would be given them.
 */
function owning({ v4, v6, makers, listenerMark }: Wish): Command[] {
  const at = (comment: string, expressions: readonly Expression[]) =>
    rule(TABLE, { chain: 'listener', comment, expressions });
  const isOurs = (maker: Exemption) =>
    maker.kind === 'cgroup' ? isExempt(maker) : [socketMark(), equals(host32(listenerMark))];
  const to = (family: 4 | 6, wish: FamilyWish): Command[] =>
    wish.mode !== 'redirect'
      ? []
      : [
          at(`the agent's port`, [
            ...isTcp,
            ...flags,
            equals(SYN),
            ...isToPort(wish.port),
            ...isToAddress(family, LOOPBACK[family]),
            goTo('owned'),
          ]),
        ];
  const owned = (comment: string, expressions: readonly Expression[]) =>
    rule(TABLE, { chain: 'owned', comment, expressions });
  return [
    chain(TABLE, 'owned', null),
    chain(TABLE, 'listener', { type: 'filter', point: 'input', priority: FILTER }),
    ...to(4, v4),
    ...to(6, v6),
    ...makers.map((maker) => owned('a socket of the agent', [...isOurs(maker), verdict('return')])),
    // Where there is no socket at all the rule ends, and the kernel refuses by itself.
    owned('a socket of somebody else', [socketMark(), count(COUNTERS.foreignListener), refuse()]),
    ...(makers.some(({ kind }) => kind === 'mark') ? hidingMark(listenerMark) : []),
  ];
}

/** Accepted sockets inherit the listener's mark, and a pod that taps its loopback could read it off their packets. */
const hidingMark = (mark: number): Command[] => [
  chain(TABLE, 'hidden', { type: 'filter', point: 'output', priority: MANGLE }),
  rule(TABLE, {
    chain: 'hidden',
    comment: 'no mark to be seen',
    expressions: [meta('mark'), equals(host32(mark)), ...setMark(0)],
  }),
];
