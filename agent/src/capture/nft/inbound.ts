import { RETURN_MARK } from '../return-path.ts';
import type { InboundWish, Wish } from '../wish.ts';
import { type Command, chain, rule, type TimedElement, timedElement, timedSet } from './batch.ts';
import {
  anySocket,
  count,
  type Expression,
  goTo,
  meta,
  refuse,
  removeFrom,
  setMark,
  setZone,
  socketMark,
  toOtherPort,
  verdict,
} from './expressions.ts';
import {
  ARRIVALS,
  arrivalsAreOpen,
  cameOverLoopback,
  FAMILY,
  isFirst,
  isForAgent,
  isFromAddress,
  isFromLinkLocal,
  isFromPrivilegedPort,
  isMarked,
  isNotFirst,
  isNotForHere,
  isNotRedirected,
  isNotTcp,
  isOfFamily,
  isOfZone,
  isReply,
  isTcp,
  isToPort,
  TCP,
} from './matches.ts';
import { COUNTERS, PRIORITY, TABLE } from './table.ts';

/**
 * The rules that show the agent what comes to a pod. It accepts in the application's place, and connects to it as the
 * caller: from the caller's address and port, over loopback. Pure.
 *
 * For conntrack, caller and application would then be connected twice by the same two ends. So what the agent opens is
 * tracked in a zone of its own, in the direction of its first packet. Replies carry no zone: by their ends they belong
 * to the agent's connection alone, since those of the caller's have the agent's port. By that zone they are known, and
 * marked, and routed back over loopback (`return-path.ts`) instead of out to the caller.
 */
export function inboundRules(wish: Wish, inbound: InboundWish, gateMs: number): Command[] {
  const tagged = adder('tagged');
  const returned = adder('returned');
  return [
    chain(TABLE, 'tagged', { type: 'filter', point: 'output', priority: PRIORITY.beforeConntrack }),
    tagged('of the agent to the application', ...isTcp, ...isMarked(RETURN_MARK), ...setZone(ZONE)),
    chain(TABLE, 'returned', { type: 'route', point: 'output', priority: PRIORITY.mangle }),
    returned('of the application to the agent', ...isReply, ...isOfZone(ZONE), ...setMark(RETURN_MARK)),
    ...(inbound.mode === 'observe' ? [...redirecting(inbound, gateMs), ...owning(wish, inbound)] : []),
  ];
}

export const arrivalsElement = (timeoutMs: number): TimedElement => ({ set: ARRIVALS, key: TCP, timeoutMs });

const closesGate = [meta('transport'), removeFrom(ARRIVALS)];

/** Any number that nobody else uses in a pod. */
const ZONE = 0x6561;

const adder =
  (chainName: string) =>
  (comment: string, ...expressions: readonly Expression[]): Command =>
    rule(TABLE, { chain: chainName, comment, expressions });

const perFamily = <T>({ port4, port6 }: InboundWish, make: (family: 4 | 6, port: number) => T): T[] => [
  make(4, port4),
  ...(port6 === null ? [] : [make(6, port6)]),
];

/** A gate that is closed opens the way whatever the fail mode: an agent that is gone must not keep anybody from the pod. */
function redirecting(inbound: InboundWish, gateMs: number): Command[] {
  const arriving = adder('arriving');
  return [
    timedSet(TABLE, ARRIVALS),
    ...(gateMs > 0 && !inbound.unserved ? [timedElement(TABLE, arrivalsElement(gateMs))] : []),
    chain(TABLE, 'arriving', { type: 'nat', point: 'prerouting', priority: PRIORITY.afterOtherNat }),
    arriving('not TCP', ...isNotTcp, verdict('return')),
    arriving('open connections', ...isNotFirst, verdict('return')),
    arriving('loopback and own addresses', ...cameOverLoopback, verdict('return')),
    arriving('to somebody behind the pod', ...isNotForHere, verdict('return')),
    // The application may ask for it, and the agent has no right to connect from there.
    arriving('from a privileged port', ...isFromPrivilegedPort, verdict('return')),
    arriving('from the node', ...isFromLinkLocal[4], verdict('return')),
    arriving('from the node', ...isFromLinkLocal[6], verdict('return')),
    ...inbound.spared.map((address) =>
      arriving('from the node', ...isFromAddress(address.length === 4 ? 4 : 6, address), verdict('return')),
    ),
    ...perFamily(inbound, (family, port) =>
      arriving("the agent's port", ...isOfFamily(family), ...isToPort(port), verdict('return')),
    ),
    ...perFamily(inbound, (family, port) =>
      arriving(
        'to the agent',
        ...arrivalsAreOpen,
        ...isOfFamily(family),
        // Loads, and so passes, only where somebody listens, or has closed a connection with the same ends a moment ago:
        // a port that is closed is still refused.
        anySocket(),
        ...toOtherPort(FAMILY[family], port),
      ),
    ),
  ];
}

/**
 * What is redirected may only reach the agent, and only that: the port looks closed to whoever dials it. Where there
 * is no socket, the agent has just gone. The first who finds out closes the gate for everybody: nobody is refused, and
 * whoever was redirected asks again after a second, which is TCP's first retry, and gets through.
 */
function owning({ makers, listenerMark }: Wish, inbound: InboundWish): Command[] {
  const arrived = adder('arrived');
  return [
    chain(TABLE, 'arrived', null),
    ...perFamily(inbound, (family, port) =>
      adder('listener')(
        "the agent's port for what arrives",
        ...isOfFamily(family),
        ...isTcp,
        ...isFirst,
        ...isToPort(port),
        goTo('arrived'),
      ),
    ),
    arrived('dialled directly', ...isNotRedirected, refuse()),
    ...makers.map((maker) =>
      arrived('a socket of the agent', ...isForAgent(maker, listenerMark), verdict('return')),
    ),
    arrived(
      'a socket of somebody else',
      socketMark(),
      count(COUNTERS.foreignListener),
      ...closesGate,
      refuse(),
    ),
    // A first packet that is sent again, or from a port that was used a minute ago: the listener is there.
    arrived('a connection that begins or has ended', anySocket(), verdict('return')),
    arrived('no socket any more', ...closesGate, verdict('drop')),
  ];
}
