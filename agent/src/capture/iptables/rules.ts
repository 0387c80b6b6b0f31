import { PROOF } from '../../ipc/proof.ts';
import type { QuicMode } from '../quic-mode.ts';
import type { Exemption, FamilyWish } from '../wish.ts';
import { ZONE } from '../zone.ts';

/**
 * Our rules as data. They live in a chain of our own in each table, hooked from OUTPUT; a rule is written the way
 * `iptables-restore` reads it, without the chain.
 */

export const CHAIN = 'EASTWALL_OUT';

/** In the order in which the kernel asks them. */
export const TABLES = ['raw', 'nat', 'filter'] as const;
export type Table = (typeof TABLES)[number];

export type Rules = readonly (readonly string[])[];

const comment = (text: string): string[] => ['-m', 'comment', '--comment', `eastwall: ${text}`];

const JUMP: readonly string[] = ['-p', 'tcp', ...comment('outbound connections'), '-j', CHAIN];
const isQuic = ['-p', 'udp', '--dport', '443'];
const QUIC_JUMP: readonly string[] = [...isQuic, ...comment('QUIC'), '-j', CHAIN];

/** What one table has of ours. */
export interface ChainRules {
  /** The first rules of OUTPUT, which lead to our chain. */
  readonly jumps: Rules;
  readonly rules: Rules;
}

export type Family = 4 | 6;

export interface DesiredFamily {
  readonly family: Family;
  readonly wish: FamilyWish;
  readonly quic: QuicMode;
  readonly exemptions: readonly Exemption[];
  /** Of sockets whose connections are tracked in a zone of their own. */
  readonly marksApart: readonly number[];
}

/** What each table has; `null` means that it has no chain of ours. */
export function desiredRules(desired: DesiredFamily): Readonly<Record<Table, ChainRules | null>> {
  const { wish, marksApart } = desired;
  // As long as any connection is open: without its zone, an open one would not be known again.
  const apart = wish.mode === 'none' ? [] : marksApart.map(trackedApart);
  return {
    raw: apart.length === 0 ? null : forTcp(apart),
    nat: natRules(desired),
    filter: filterRules(desired),
  };
}

const forTcp = (rules: Rules): ChainRules => ({ jumps: [JUMP], rules });

function natRules({ family, wish, exemptions }: DesiredFamily): ChainRules | null {
  if (wish.mode === 'keep') return forTcp([KEEP]);
  if (wish.mode !== 'redirect') return null;
  const toAgent = ['-j', 'REDIRECT', '--to-ports', String(wish.port)];
  return forTcp([
    ...UNTOUCHED,
    // No socket of the agent leaves its cgroup, so the exemption comes after.
    ['-d', PROOF_HOST[family], '-p', 'tcp', ...comment('a proof of interception'), ...toAgent],
    ...exempted(exemptions),
    ['-p', 'tcp', ...comment('to the agent'), ...toAgent],
  ]);
}

/** As the tools write the address of one host. */
const PROOF_HOST: Readonly<Record<Family, string>> = { 4: `${PROOF[4].text}/32`, 6: `${PROOF[6].text}/128` };

function filterRules({ family, wish, quic, exemptions }: DesiredFamily): ChainRules | null {
  if (wish.mode === 'keep' || wish.mode === 'none') return null;
  const refusesQuic = quic === 'refuse';
  return {
    jumps: refusesQuic ? [JUMP, QUIC_JUMP] : [JUMP],
    rules: [
      ...UNTOUCHED,
      ...(refusesQuic ? [NO_QUIC[family]] : []),
      ...exempted(exemptions),
      wish.mode === 'redirect' ? PAST_NAT : NO_LISTENER,
    ],
  };
}

const NO_LISTENER: readonly string[] = [
  ...['-p', 'tcp', ...comment('no listener for this family'), '-j', 'REJECT'],
  ...['--reject-with', 'tcp-reset'],
];

/** RFC 9000. The agent itself sends none. */
const noQuic = (answer: string): readonly string[] => [
  ...[...isQuic, ...comment('QUIC'), '-j', 'REJECT', '--reject-with', answer],
];
const NO_QUIC = { 4: noQuic('icmp-port-unreachable'), 6: noQuic('icmp6-port-unreachable') } as const;

/** In the direction of the first packet, which raw sees before conntrack does: `--zone-orig`, since Linux 4.3 and iptables 1.6. */
const trackedApart = (mark: number): readonly string[] => [
  ...['!', '-o', 'lo', ...exemptMatch({ kind: 'mark', mark }), ...comment('the agent itself')],
  ...['-j', 'CT', '--zone-orig', String(ZONE)],
];

/**
 * Matches nothing that matters: it holds a reference on conntrack. When the last rule that needs conntrack goes, the
 * kernel stops tracking in this namespace, and the packets of connections still redirected leave with the wrong
 * addresses: their servers answer with RST.
 */
const KEEP: readonly string[] = [
  '-m',
  'conntrack',
  '--ctstate',
  'INVALID',
  ...comment('until open connections end'),
  '-j',
  'RETURN',
];

/**
 * What conntrack takes for part of a connection that went direct before, and was reset, is not asked for by rules of NAT; one
 * of the agent's, too, where there are no zones. It
 * forgets that one after ten seconds; TCP asks again until then.
 */
const PAST_NAT: readonly string[] = [
  ...['-p', 'tcp', '-m', 'conntrack', '!', '--ctstate', 'DNAT'],
  ...comment('between the ends of one before'),
  ...['-j', 'DROP'],
];

const UNTOUCHED: Rules = [
  // A connection from before enrolment shows up in the middle: sending it elsewhere would reset it.
  ['-p', 'tcp', '!', '--syn', ...comment('open connections'), '-j', 'RETURN'],
  ['-o', 'lo', ...comment('loopback and own addresses'), '-j', 'RETURN'],
  ['-p', 'tcp', '--dport', '53', ...comment('DNS'), '-j', 'RETURN'],
];

/**
 * Another agent's cgroup has its path in another cgroup namespace, and none in ours: that agent's last connections
 * come to our listener, and go on from there.
 */
const exempted = ([own, ...others]: readonly Exemption[]): Rules =>
  [own, ...others.filter(({ kind }) => kind === 'mark')]
    .filter((one) => one !== undefined)
    .map((one) => [...exemptMatch(one), ...comment(nameOf(one)), '-j', 'RETURN']);

/** In a cgroup namespace of its own every agent is `/`: its rule must not pass for that of the next one. */
const nameOf = (exemption: Exemption): string =>
  exemption.kind === 'cgroup' ? `the agent itself (cgroup ${exemption.id})` : 'the agent itself';

export function exemptMatch(exemption: Exemption): readonly string[] {
  return exemption.kind === 'cgroup'
    ? ['-m', 'cgroup', '--path', exemption.path]
    : ['-m', 'mark', '--mark', `0x${exemption.mark.toString(16)}`];
}
