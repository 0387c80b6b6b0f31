import type { Exemption, FamilyWish } from '../wish.ts';

/**
 * The redirect rules as data. They live in a chain of our own, hooked from OUTPUT; a rule is written the way
 * `iptables-restore` reads it, without the chain.
 */

export const CHAIN = 'EASTWALL_OUT';

export type Table = 'nat' | 'filter';

export type Rules = readonly (readonly string[])[];

const comment = (text: string): string[] => ['-m', 'comment', '--comment', `eastwall: ${text}`];

export const JUMP: readonly string[] = ['-p', 'tcp', ...comment('outbound connections'), '-j', CHAIN];

/** The rules of our chain per table; `null` means the table has no chain of ours. */
export function desiredRules(
  wish: FamilyWish,
  exemptions: readonly Exemption[],
): Readonly<Record<Table, Rules | null>> {
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
 * What conntrack takes for part of a connection that went direct before, and was reset, is not asked for by rules of NAT. It
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
