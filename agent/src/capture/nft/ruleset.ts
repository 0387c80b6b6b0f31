import { PROOF } from '../../ipc/proof.ts';
import type { Exemption, FamilyWish, Wish } from '../wish.ts';
import { ZONE } from '../zone.ts';
import {
  absentTable,
  type Command,
  chain,
  counter,
  freshTable,
  rule,
  type TimedElement,
  timedElement,
  timedSet,
} from './batch.ts';
import {
  count,
  type Expression,
  goTo,
  redirectTo,
  refuse,
  refuseDatagram,
  setMark,
  setZone,
  socketMark,
  verdict,
} from './expressions.ts';
import { inboundRules } from './inbound.ts';
import {
  GATE,
  gateIsOpen,
  hasAnyMark,
  isDns,
  isExempt,
  isFirst,
  isForAgent,
  isMarked,
  isNotFirst,
  isNotOverLoopback,
  isNotTcp,
  isOfFamily,
  isOverLoopback,
  isRedirected,
  isTcp,
  isToAddress,
  isToHttps,
  isToPort,
  isUdp,
  mayBeFragmented,
  TCP,
} from './matches.ts';
import { COUNTERS, PRIORITY, TABLE } from './table.ts';

/** The table of ours in a pod's network namespace, as nf_tables commands. Pure. */

export const gateElement = (timeoutMs: number): TimedElement => ({ set: GATE, key: TCP, timeoutMs });

const LOOPBACK = {
  4: Uint8Array.of(127, 0, 0, 1),
  6: Uint8Array.from({ length: 16 }, (_, at) => (at === 15 ? 1 : 0)),
} as const;

/**
 * Everything that the namespace should have, replacing what it has of ours in one transaction. `gateMs` is how long
 * the gate stays open without a beat, 0 for a closed one.
 */
export function ruleset(wish: Wish, gateMs: number): Command[] {
  const modes = [wish.v4.mode, wish.v6.mode];
  if (modes.every((mode) => mode === 'none') && wish.inbound === null) return absentTable(TABLE);
  return [
    ...freshTable(TABLE),
    chain(TABLE, 'outbound', { type: 'nat', point: 'output', priority: PRIORITY.beforeOtherNat }),
    rule(TABLE, {
      chain: 'outbound',
      comment: 'redirected before',
      // Matches nothing that matters. The chain holds NAT in the kernel, and this rule holds conntrack: when the last
      // one goes, packets of connections still redirected leave with the wrong addresses, and are answered with RST.
      expressions: [...isRedirected, verdict('return')],
    }),
    ...(wish.apart ? trackedApart(wish.exemptions) : []),
    ...(isActive(wish) ? active(wish, gateMs) : []),
    ...(wish.inbound === null ? [] : inboundRules(wish, wish.inbound, gateMs)),
  ];
}

/** As long as any connection is open: without its zone, an open one would not be known again. */
const trackedApart = (exemptions: readonly Exemption[]): Command[] => [
  chain(TABLE, 'apart', { type: 'filter', point: 'output', priority: PRIORITY.beforeConntrack }),
  ...exemptions.map((one) =>
    adder('apart')('the agent itself', ...isTcp, ...isNotOverLoopback, ...isExempt(one), ...setZone(ZONE)),
  ),
];

/** Connections are redirected or refused, not only kept going. */
export const isActive = ({ v4, v6 }: Wish): boolean =>
  [v4.mode, v6.mode].some((mode) => mode === 'redirect' || mode === 'reject');

const AFTER_NAT = 10;
const LAST = 300;

function active(wish: Wish, gateMs: number): Command[] {
  return [
    timedSet(TABLE, GATE),
    ...(gateMs > 0 ? [timedElement(TABLE, gateElement(gateMs))] : []),
    ...Object.values(COUNTERS).map((name) => counter(TABLE, name)),
    ...redirecting(wish),
    ...goingDirect(wish),
    ...owning(wish),
    chain(TABLE, 'forwarding', { type: 'filter', point: 'forward', priority: PRIORITY.filter }),
    adder('forwarding')('not intercepted', ...isTcp, ...isFirst, count(COUNTERS.forwarded)),
    ...(wish.makers.some(({ kind }) => kind === 'mark') ? hiding(wish.listenerMark) : []),
    ...(wish.guard === null ? [] : departing(wish.guard.mark)),
  ];
}

const adder =
  (chainName: string) =>
  (comment: string, ...expressions: readonly Expression[]): Command =>
    rule(TABLE, { chain: chainName, comment, expressions });

/** One for each family that is redirected. */
const perFamily = (
  { v4, v6 }: Wish,
  make: (family: 4 | 6, wish: Extract<FamilyWish, { mode: 'redirect' }>) => Command,
): Command[] => [
  ...(v4.mode === 'redirect' ? [make(4, v4)] : []),
  ...(v6.mode === 'redirect' ? [make(6, v6)] : []),
];

function redirecting(wish: Wish): Command[] {
  const outbound = adder('outbound');
  const intercept = adder('intercept');
  return [
    chain(TABLE, 'intercept', null),
    outbound('not TCP', ...isNotTcp, verdict('return')),
    // A connection from before enrolment shows up in the middle: sending it elsewhere would reset it.
    outbound('open connections', ...isNotFirst, verdict('return')),
    outbound('loopback and own addresses', ...isOverLoopback, verdict('return')),
    outbound('DNS', ...isDns, verdict('return')),
    outbound('a proof of interception', ...isToAddress(4, PROOF[4].bytes), goTo('intercept')),
    outbound('a proof of interception', ...isToAddress(6, PROOF[6].bytes), goTo('intercept')),
    ...wish.exemptions.map((one) => outbound('the agent itself', ...isExempt(one), verdict('return'))),
    outbound('a mark, which may be a guess', ...hasAnyMark, count(COUNTERS.marked)),
    outbound('all others', goTo('intercept')),
    ...perFamily(wish, (family, { port }) =>
      intercept('to the agent', ...gateIsOpen, ...isOfFamily(family), ...redirectTo(port)),
    ),
  ];
}

/**
 * After NAT: what has not been redirected, and is counted or may not go. While the gate is open a first packet is only what
 * conntrack takes for part of a connection that went direct before, and was reset. It forgets that one soon, and TCP asks
 * again until then. One chain for all of it: the kernel goes through each for every packet.
 */
function goingDirect(wish: Wish): Command[] {
  const { v6, exemptions, failMode, quic } = wish;
  const direct = adder('direct');
  const reset = [count(COUNTERS.unjudged), refuse()];
  return [
    chain(TABLE, 'direct', { type: 'filter', point: 'output', priority: AFTER_NAT }),
    // RFC 9000. It carries HTTP/3, where no agent sees it; the agent itself sends none.
    direct(
      'QUIC',
      ...isUdp,
      ...isToHttps,
      ...isNotOverLoopback,
      count(COUNTERS.quic),
      ...(quic === 'refuse' ? [refuseDatagram()] : []),
    ),
    direct('not TCP', ...isNotTcp, verdict('return')),
    direct('open connections', ...isNotFirst, verdict('return')),
    // The interface of a packet that has just been redirected is still the old one, its connection's status is not.
    direct('redirected', ...isRedirected, verdict('return')),
    direct('loopback and own addresses', ...isOverLoopback, verdict('return')),
    direct('DNS', ...isDns, verdict('return')),
    ...exemptions.map((one) => direct('the agent itself', ...isExempt(one), verdict('return'))),
    ...(v6.mode === 'reject'
      ? [direct('no listener for IPv6', ...gateIsOpen, ...isOfFamily(6), ...reset)]
      : []),
    ...perFamily(wish, (family) =>
      direct('between the ends of one before', ...gateIsOpen, ...isOfFamily(family), verdict('drop')),
    ),
    ...(failMode === 'closed' ? [direct('nobody judges it', ...reset)] : []),
  ];
}

/**
 * Nobody but the agent may have a socket at the port that connections are redirected to: while the agent is gone,
 * whoever takes its port would be given them.
 */
function owning(wish: Wish): Command[] {
  const { makers, listenerMark } = wish;
  const owned = adder('owned');
  return [
    chain(TABLE, 'owned', null),
    chain(TABLE, 'listener', { type: 'filter', point: 'input', priority: PRIORITY.filter }),
    ...perFamily(wish, (family, { port }) =>
      adder('listener')(
        "the agent's port",
        ...isTcp,
        ...isFirst,
        ...isToPort(port),
        ...isToAddress(family, LOOPBACK[family]),
        goTo('owned'),
      ),
    ),
    ...makers.map((maker) =>
      owned('a socket of the agent', ...isForAgent(maker, listenerMark), verdict('return')),
    ),
    // Where there is no socket at all the rule ends, and the kernel refuses by itself.
    owned('a socket of somebody else', socketMark(), count(COUNTERS.foreignListener), refuse()),
  ];
}

/** Accepted sockets inherit the listener's mark, and a pod that taps its loopback could read it off their packets. */
const hiding = (mark: number): Command[] => [
  chain(TABLE, 'hidden', { type: 'filter', point: 'output', priority: PRIORITY.mangle }),
  adder('hidden')('no mark to be seen', ...isMarked(mark), ...setMark(0)),
];

/**
 * Shows the packet guard what has come the ordinary way, past all of the rules above: first packets of connections,
 * the pod's own and those that it forwards, and what may be cut into fragments whose flags can't be read.
 */
function departing(mark: number): Command[] {
  const departed = adder('departing');
  return [
    chain(TABLE, 'departing', { type: 'filter', point: 'postrouting', priority: LAST }),
    departed('first packets', ...isNotOverLoopback, ...isTcp, ...isFirst, ...setMark(mark)),
    departed('future fragments', ...isNotOverLoopback, ...isTcp, ...mayBeFragmented, ...setMark(mark)),
  ];
}
