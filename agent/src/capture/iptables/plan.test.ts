import { describe, expect, it } from 'vitest';
import type { FamilyWish } from '../wish.ts';
import { planTable } from './plan.ts';
import { type DesiredFamily, desiredRules, type Family } from './rules.ts';

const REDIRECT: FamilyWish = { mode: 'redirect', port: 61127 };
const CGROUP = { kind: 'cgroup', path: '/kubepods/pod1', id: 9n, level: 2 } as const;
const desired = (wish: FamilyWish, more: Partial<DesiredFamily> = {}) =>
  desiredRules({ family: 4, wish, quic: 'count', exemptions: [CGROUP], marksApart: [], ...more });
const rules = (wish: FamilyWish, marksApart: readonly number[] = []) => desired(wish, { marksApart });
const nat = (wish: FamilyWish) => rules(wish).nat;

/** As iptables-save 1.8.9 prints it, both variants. */
const JUMP_LINE = '-A OUTPUT -p tcp -m comment --comment "eastwall: outbound connections" -j EASTWALL_OUT';
const CHAIN_LINES = `-A EASTWALL_OUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m comment --comment "eastwall: open connections" -j RETURN
-A EASTWALL_OUT -o lo -m comment --comment "eastwall: loopback and own addresses" -j RETURN
-A EASTWALL_OUT -p tcp -m tcp --dport 53 -m comment --comment "eastwall: DNS" -j RETURN
-A EASTWALL_OUT -d 192.0.2.69/32 -p tcp -m comment --comment "eastwall: a proof of interception" -j REDIRECT --to-ports 61127
-A EASTWALL_OUT -m cgroup --path "/kubepods/pod1" -m comment --comment "eastwall: the agent itself (cgroup 9)" -j RETURN
-A EASTWALL_OUT -p tcp -m comment --comment "eastwall: to the agent" -j REDIRECT --to-ports 61127`;

const saved = (...lines: string[]): string =>
  ['*nat', ':OUTPUT ACCEPT [3:180]', ...lines, 'COMMIT', ''].join('\n');
const IN_PLACE = saved(':EASTWALL_OUT - [0:0]', JUMP_LINE, CHAIN_LINES);

describe('plan', () => {
  it('fills and hooks our chain in an empty namespace', () => {
    expect(planTable('nat', nat(REDIRECT), '')).toBe(`*nat
:EASTWALL_OUT - [0:0]
-A EASTWALL_OUT -p tcp ! --syn -m comment --comment "eastwall: open connections" -j RETURN
-A EASTWALL_OUT -o lo -m comment --comment "eastwall: loopback and own addresses" -j RETURN
-A EASTWALL_OUT -p tcp --dport 53 -m comment --comment "eastwall: DNS" -j RETURN
-A EASTWALL_OUT -d 192.0.2.69/32 -p tcp -m comment --comment "eastwall: a proof of interception" -j REDIRECT --to-ports 61127
-A EASTWALL_OUT -m cgroup --path /kubepods/pod1 -m comment --comment "eastwall: the agent itself (cgroup 9)" -j RETURN
-A EASTWALL_OUT -p tcp -m comment --comment "eastwall: to the agent" -j REDIRECT --to-ports 61127
-I OUTPUT 1 -p tcp -m comment --comment "eastwall: outbound connections" -j EASTWALL_OUT
COMMIT
`);
  });

  it('has nothing to do when everything is in place, whatever the counters say', () => {
    expect(planTable('nat', nat(REDIRECT), IN_PLACE)).toBeNull();
  });

  it('replaces the port of an agent that is gone without touching the hook', () => {
    const plan = planTable('nat', nat(REDIRECT), IN_PLACE.replaceAll('61127', '61128'));
    expect(plan).toContain(':EASTWALL_OUT - [0:0]');
    expect(plan).toContain('--to-ports 61127');
    expect(plan).not.toContain('OUTPUT 1');
  });

  it('hooks again after a flush of OUTPUT, and keeps the chain as it is', () => {
    const plan = planTable('nat', nat(REDIRECT), saved(':EASTWALL_OUT - [0:0]', CHAIN_LINES));
    expect(plan).toBe(
      '*nat\n-I OUTPUT 1 -p tcp -m comment --comment "eastwall: outbound connections" -j EASTWALL_OUT\nCOMMIT\n',
    );
  });

  it.each([
    ['behind another rule', [`-A OUTPUT -p tcp -j ACCEPT`, JUMP_LINE]],
    ['hooked twice', [JUMP_LINE, JUMP_LINE]],
    ['narrowed', [JUMP_LINE.replace('-p tcp', '-p tcp -m tcp --dport 80')]],
  ])('moves the hook to the front when it is %s', (_, lines) => {
    const plan = planTable('nat', nat(REDIRECT), saved(':EASTWALL_OUT - [0:0]', ...lines, CHAIN_LINES));
    const removed = plan?.match(/^-D OUTPUT/gm) ?? [];
    expect(removed).toHaveLength(lines.filter((line) => line.includes('EASTWALL_OUT')).length);
    expect(plan).toContain('-I OUTPUT 1');
    expect(plan).not.toContain('-j ACCEPT');
  });

  it.each([
    ['a rule of ours is gone', CHAIN_LINES.replace(/^.*DNS.*\n/m, '')],
    ['somebody added a rule', `-A EASTWALL_OUT -d 10.9.9.9/32 -j RETURN\n${CHAIN_LINES}`],
    ['the exemption is another one', CHAIN_LINES.replace('/kubepods/pod1', '/kubepods/pod2')],
    ['the order is another one', CHAIN_LINES.split('\n').reverse().join('\n')],
  ])('rewrites the chain when %s', (_, lines) => {
    const plan = planTable('nat', nat(REDIRECT), saved(':EASTWALL_OUT - [0:0]', JUMP_LINE, lines));
    expect(plan).toContain(':EASTWALL_OUT - [0:0]');
    expect(plan?.match(/^-A EASTWALL_OUT/gm)).toHaveLength(6);
  });

  it('removes what is ours and only that', () => {
    const foreign = '-A OUTPUT -p tcp -m tcp --dport 9 -j ACCEPT';
    const plan = planTable('nat', null, saved(':EASTWALL_OUT - [0:0]', JUMP_LINE, foreign, CHAIN_LINES));
    expect(plan).toBe(`*nat
-D OUTPUT -p tcp -m comment --comment "eastwall: outbound connections" -j EASTWALL_OUT
-F EASTWALL_OUT
-X EASTWALL_OUT
COMMIT
`);
    expect(planTable('nat', null, saved(foreign))).toBeNull();
    expect(planTable('nat', null, '')).toBeNull();
  });

  it('refuses in the filter table where nothing can be redirected', () => {
    const exemptions = [{ kind: 'mark', mark: 0xdeadbeef }] as const;
    const { nat: none, filter } = desired({ mode: 'reject' }, { exemptions });
    expect(none).toBeNull();
    const plan = planTable('filter', filter, '');
    expect(plan).toContain('-m mark --mark 0xdeadbeef');
    expect(plan).toContain('-j REJECT --reject-with tcp-reset');
  });
});

describe('a zone of their own', () => {
  const MARKS = [0xabc, 0xffff_ffff];
  /** As iptables-save 1.8.9 prints it, both variants. */
  const RAW = `*raw
:OUTPUT ACCEPT [3:180]
:EASTWALL_OUT - [0:0]
${JUMP_LINE}
-A EASTWALL_OUT ! -o lo -m mark --mark 0xabc -m comment --comment "eastwall: the agent itself" -j CT --zone-orig 25967
-A EASTWALL_OUT ! -o lo -m mark --mark 0xffffffff -m comment --comment "eastwall: the agent itself" -j CT --zone-orig 25967
COMMIT
`;

  it('is given to what agents connect with, for as long as any connection is open', () => {
    const modes: FamilyWish[] = [REDIRECT, { mode: 'reject' }, { mode: 'keep' }];
    for (const wish of modes) expect(planTable('raw', rules(wish, MARKS).raw, RAW)).toBeNull();
    const plan = planTable('raw', rules(REDIRECT, MARKS).raw, '');
    expect(plan?.match(/^-A EASTWALL_OUT ! -o lo .*-j CT --zone-orig 25967$/gm)).toHaveLength(2);
    expect(planTable('raw', rules({ mode: 'none' }, MARKS).raw, RAW)).toContain('-X EASTWALL_OUT');
  });

  it('is taken from an agent that is gone', () => {
    expect(planTable('raw', rules(REDIRECT, [0xabc]).raw, RAW)).not.toContain('0xffffffff');
  });

  it('needs nothing in that table where it is not to be had', () => {
    expect(planTable('raw', rules(REDIRECT).raw, '')).toBeNull();
  });
});

describe('QUIC', () => {
  const refused = desired(REDIRECT, { quic: 'refuse' }).filter;
  const filled = planTable('filter', refused, '') ?? '';
  /** As iptables-save 1.8.9 prints it, both variants. */
  const QUIC_JUMP =
    '-A OUTPUT -p udp -m udp --dport 443 -m comment --comment "eastwall: QUIC" -j EASTWALL_OUT';
  const SAVED = ['*filter', ':EASTWALL_OUT - [0:0]', JUMP_LINE, QUIC_JUMP]
    .concat(filled.match(/^-A EASTWALL_OUT.*$/gm) ?? [], 'COMMIT', '')
    .join('\n');

  it('is let be unless it is to be refused', () => {
    expect(planTable('filter', desired(REDIRECT).filter, '')).not.toContain('udp');
  });

  it.each<[Family, string]>([
    [4, 'icmp-port-unreachable'],
    [6, 'icmp6-port-unreachable'],
  ])('is refused before anybody is exempt (IPv%i)', (family, answer) => {
    const plan = planTable('filter', desired(REDIRECT, { family, quic: 'refuse' }).filter, '') ?? '';
    expect(plan).toContain('-I OUTPUT 2 -p udp --dport 443');
    expect(plan).toContain(`--reject-with ${answer}`);
    expect(plan.indexOf(answer)).toBeLessThan(plan.indexOf('--path'));
  });

  it('has nothing to do when everything is in place', () => {
    expect(planTable('filter', refused, SAVED)).toBeNull();
  });

  it.each([
    ['one of the two ways to our chain is gone', SAVED.replace(`${QUIC_JUMP}\n`, '')],
    [
      'both are in the wrong order',
      SAVED.replace(`${JUMP_LINE}\n${QUIC_JUMP}`, `${QUIC_JUMP}\n${JUMP_LINE}`),
    ],
  ])('is hooked anew when %s', (_, saved) => {
    const plan = planTable('filter', refused, saved);
    expect(plan?.match(/^-I OUTPUT [12] /gm)).toEqual(['-I OUTPUT 1 ', '-I OUTPUT 2 ']);
    expect(plan).not.toContain('-A EASTWALL_OUT');
  });

  it('loses its way to our chain when it is not to be refused any more, and all of it with the rest', () => {
    expect(planTable('filter', desired(REDIRECT).filter, SAVED)?.match(/^-[DI] OUTPUT.*udp/gm)).toEqual([
      expect.stringMatching(/^-D OUTPUT/),
    ]);
    expect(planTable('filter', null, SAVED)?.match(/^-D OUTPUT/gm)).toHaveLength(2);
  });
});

describe('exemptions', () => {
  const own = { kind: 'cgroup', path: '/', id: 9n, level: 0 } as const;
  const nat = (...exemptions: DesiredFamily['exemptions']) =>
    desired(REDIRECT, { exemptions }).nat?.rules.map((words) => words.join(' '));

  it('tell agents with the same path, in cgroup namespaces of their own, apart', () => {
    expect(nat(own)).not.toEqual(nat({ ...own, id: 10n }));
  });

  it('hold for marks of agents before, and not for cgroups that have no path here', () => {
    const marked = nat(own, { kind: 'mark', mark: 7 }, { ...own, id: 10n });
    expect(marked?.filter((line) => /--mark 0x7 |--path/.test(line))).toHaveLength(2);
    expect(marked).toHaveLength(7);
  });
});
