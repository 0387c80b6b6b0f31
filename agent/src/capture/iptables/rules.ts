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

export const JUMP: readonly string[] = ['-p', 'tcp', ...comment('outbound connections'), '-j', CHAIN];

export interface DesiredFamily {
  readonly wish: FamilyWish;
  readonly exemptions: readonly Exemption[];
  /** Of sockets whose connections are tracked in a zone of their own. */
  readonly marksApart: readonly number[];
}

type TableRules<T extends Table = Table> = Readonly<Record<T, Rules | null>>;

/** The rules of our chain per table; `null` means the table has no chain of ours. */
export function desiredRules({ wish, exemptions, marksApart }: DesiredFamily): TableRules {
  // As long as any connection is open: without its zone, an open one would not be known again.
  const apart = wish.mode === 'none' || marksApart.length === 0 ? null : marksApart.map(trackedApart);
  return { raw: apart, ...judgingRules(wish, exemptions) };
}

function judgingRules(wish: FamilyWish, exemptions: readonly Exemption[]): TableRules<'nat' | 'filter'> {
  switch (wish.mode) {
    case 'redirect': {
      const redirect = ['-p', 'tcp', ...comment('to the agent'), '-j', 'REDIRECT'];
      return {
        nat: [...untouched(exemptions), [...redirect, '--to-ports', String(wish.port)]],
        filter: [...untouched(exemptions), PAST_NAT],
      };
    }
    case 'reject': {
      const reject = ['-p', 'tcp', ...comment('no listener for this family'), '-j', 'REJECT'];
      return { nat: null, filter: [...untouched(exemptions), [...reject, '--reject-with', 'tcp-reset']] };
    }
    case 'keep':
      return { nat: [KEEP], filter: null };
    case 'none':
      return { nat: null, filter: null };
  }
}

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

function untouched([own, ...others]: readonly Exemption[]): Rules {
  // Another agent's cgroup has its path in another cgroup namespace, and none in ours: that agent's last connections
  // come to our listener, and go on from there.
  const exemptions = [own, ...others.filter(({ kind }) => kind === 'mark')].filter(
    (one) => one !== undefined,
  );
  return [
    // A connection from before enrolment shows up in the middle: sending it elsewhere would reset it.
    ['-p', 'tcp', '!', '--syn', ...comment('open connections'), '-j', 'RETURN'],
    ['-o', 'lo', ...comment('loopback and own addresses'), '-j', 'RETURN'],
    ['-p', 'tcp', '--dport', '53', ...comment('DNS'), '-j', 'RETURN'],
    ...exemptions.map((one) => [...exemptMatch(one), ...comment(nameOf(one)), '-j', 'RETURN']),
  ];
}

/** In a cgroup namespace of its own every agent is `/`: its rule must not pass for that of the next one. */
const nameOf = (exemption: Exemption): string =>
  exemption.kind === 'cgroup' ? `the agent itself (cgroup ${exemption.id})` : 'the agent itself';

export function exemptMatch(exemption: Exemption): readonly string[] {
  return exemption.kind === 'cgroup'
    ? ['-m', 'cgroup', '--path', exemption.path]
    : ['-m', 'mark', '--mark', `0x${exemption.mark.toString(16)}`];
}
