import type { Exemption, FailMode, PacketGuard } from '../wish.ts';
import {
  absentTable,
  type Command,
  chain,
  counter,
  freshTable,
  rule,
  type TableName,
  timedElement,
  timedSet,
} from './batch.ts';
import {
  constant,
  count,
  type Expression,
  equals,
  inSet,
  meta,
  notInSet,
  setMark,
  verdict,
} from './expressions.ts';
import { GATE, isMarked, isNotTcp, isSurelyNotFirst, isTcp, TCP } from './matches.ts';
import { gateElement } from './ruleset.ts';

/**
 * The last thing a packet meets in the pod. A program with CAP_NET_RAW can write whole frames to the interface
 * (AF_PACKET) and so past every rule for IP: its connections would go direct. Whatever begins a TCP connection and
 * has not come the ordinary way, which marks it, is dropped here. Pure.
 */
export const GUARD_TABLE: TableName = { family: 'netdev', table: 'eastwall' };

/** Packets that began a connection past all rules, or can't be told from such. */
export const SMUGGLED = 'smuggled';

const PRIORITY = 0;
/** What servers take for the packet inside: 802.1Q with any tag, and 802.1ad. */
const VLAN = [Uint8Array.of(0x81, 0x00), Uint8Array.of(0x88, 0xa8)];

export function packetGuard(
  guard: PacketGuard | null,
  { exemptions, failMode }: { readonly exemptions: readonly Exemption[]; readonly failMode: FailMode },
  gateMs: number,
): Command[] {
  if (guard === null || guard.devices.length === 0) return absentTable(GUARD_TABLE);
  const egress = (comment: string, ...expressions: readonly Expression[]) =>
    rule(GUARD_TABLE, { chain: 'egress', comment, expressions });
  // Where the gate opens the way when nobody judges, it does so here too.
  const open = failMode === 'open';
  const drop = [count(SMUGGLED), verdict('drop')];
  return [
    ...freshTable(GUARD_TABLE),
    timedSet(GUARD_TABLE, GATE),
    ...(gateMs > 0 ? [timedElement(GUARD_TABLE, gateElement(gateMs))] : []),
    counter(GUARD_TABLE, SMUGGLED),
    chain(GUARD_TABLE, 'egress', {
      type: 'filter',
      point: 'egress',
      priority: PRIORITY,
      devices: guard.devices,
    }),
    // Marks go before anybody in the pod who taps the interface can see them.
    egress('came the ordinary way', ...isMarked(guard.mark), ...setMark(0), verdict('accept')),
    ...exemptions.flatMap((one) =>
      one.kind === 'mark'
        ? [egress('of the agent', ...isMarked(one.mark), ...setMark(0), verdict('accept'))]
        : [],
    ),
    egress('open connections', ...isTcp, ...isSurelyNotFirst, verdict('accept')),
    open
      ? egress('not TCP, or nobody judges it', meta('transport'), notInSet(GATE), verdict('accept'))
      : egress('not TCP', ...isNotTcp, verdict('accept')),
    egress('a connection, or a fragment of who knows what', ...isTcp, ...drop),
    ...VLAN.map((tag) =>
      egress(
        'a connection inside a tag, perhaps',
        meta('protocol'),
        equals(tag),
        ...(open ? [constant(Uint8Array.of(TCP)), inSet(GATE)] : []),
        ...drop,
      ),
    ),
  ];
}
