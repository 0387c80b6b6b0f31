/**
 * The redirect rules as data. They live in a chain of our own, hooked from OUTPUT; a rule is written the way
 * `iptables-restore` reads it, without the chain.
 */

export const CHAIN = 'EASTWALL_OUT';

export type Table = 'nat' | 'filter';

/** How the agent's own connections are told from the pod's. */
export type Exemption =
  | { readonly kind: 'cgroup'; readonly path: string }
  /** Random per pod, 32 bits: a pod with CAP_NET_RAW may set marks, but has to guess this one. */
  | { readonly kind: 'mark'; readonly mark: number };

/** What one address family of a pod should have. */
export type Wish =
  | { readonly mode: 'redirect'; readonly port: number; readonly exemption: Exemption }
  /** Where no listener can be had: refused at once, rather than a hole. */
  | { readonly mode: 'reject'; readonly exemption: Exemption }
  /** No longer redirected, while connections that were redirected are still open. */
  | { readonly mode: 'keep' }
  | { readonly mode: 'none' };

export type Rules = readonly (readonly string[])[];

const comment = (text: string): string[] => ['-m', 'comment', '--comment', `eastwall: ${text}`];

export const JUMP: readonly string[] = ['-p', 'tcp', ...comment('outbound connections'), '-j', CHAIN];

/** The rules of our chain per table; `null` means the table has no chain of ours. */
export function desiredRules(wish: Wish): Readonly<Record<Table, Rules | null>> {
  switch (wish.mode) {
    case 'redirect': {
      const redirect = ['-p', 'tcp', ...comment('to the agent'), '-j', 'REDIRECT'];
      return {
        nat: [...untouched(wish.exemption), [...redirect, '--to-ports', String(wish.port)]],
        filter: null,
      };
    }
    case 'reject': {
      const reject = ['-p', 'tcp', ...comment('no listener for this family'), '-j', 'REJECT'];
      return { nat: null, filter: [...untouched(wish.exemption), [...reject, '--reject-with', 'tcp-reset']] };
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

function untouched(exemption: Exemption): Rules {
  return [
    // A connection from before enrolment shows up in the middle: sending it elsewhere would reset it.
    ['-p', 'tcp', '!', '--syn', ...comment('open connections'), '-j', 'RETURN'],
    ['-o', 'lo', ...comment('loopback and own addresses'), '-j', 'RETURN'],
    ['-p', 'tcp', '--dport', '53', ...comment('DNS'), '-j', 'RETURN'],
    [...exemptMatch(exemption), ...comment('the agent itself'), '-j', 'RETURN'],
  ];
}

export function exemptMatch(exemption: Exemption): readonly string[] {
  return exemption.kind === 'cgroup'
    ? ['-m', 'cgroup', '--path', exemption.path]
    : ['-m', 'mark', '--mark', `0x${exemption.mark.toString(16)}`];
}
