import { describe, expect, it } from 'vitest';
import type { Wish } from '../wish.ts';
import { packetGuard } from './packet-guard.ts';
import { ruleset } from './ruleset.ts';

const CGROUP = { kind: 'cgroup', path: '/kubepods/a', id: 77n, level: 2 } as const;
const WISH: Wish = {
  v4: { mode: 'redirect', port: 61_127 },
  v6: { mode: 'redirect', port: 61_127 },
  exemptions: [CGROUP],
  apart: true,
  makers: [CGROUP],
  failMode: 'open',
  quic: 'count',
  listenerMark: 5,
  inbound: null,
  guard: { devices: ['eth0'], mark: 9 },
};
const plan = (more: Partial<Wish> = {}, gateMs = 15_000) =>
  ruleset({ ...WISH, ...more }, gateMs).map(({ what }) => what);
const rulesOf = (chain: string, commands: readonly string[]) =>
  commands
    .flatMap((what) => /^rule "(.*)" of chain (.*)$/.exec(what)?.slice(1) ?? [])
    .filter((_, at, all) => at % 2 === 0 && all[at + 1] === chain);

describe('the rules of a pod', () => {
  it('replace whatever was there', () => {
    expect(plan().slice(0, 3)).toEqual(Array(3).fill('table eastwall'));
  });

  it("leave the agent's connections among the pod's where the kernel has no zones", () => {
    expect(plan()).toContain('chain apart');
    expect(plan({ apart: false })).not.toContain('chain apart');
  });

  it('let through in order what is not to be redirected', () => {
    expect(rulesOf('outbound', plan())).toEqual([
      'redirected before',
      'not TCP',
      'open connections',
      'loopback and own addresses',
      'DNS',
      'a proof of interception',
      'a proof of interception',
      'the agent itself',
      'a mark, which may be a guess',
      'all others',
    ]);
    expect(rulesOf('intercept', plan())).toHaveLength(2);
  });

  it('open the gate only for the time that is left', () => {
    expect(plan()).toContain('element of gate');
    expect(plan({}, 0)).not.toContain('element of gate');
    expect(plan({}, 0)).toContain('set gate');
  });

  it('refuse what nobody judges only where that is wanted', () => {
    expect(rulesOf('direct', plan()).slice(-3)).toEqual([
      'the agent itself',
      'between the ends of one before',
      'between the ends of one before',
    ]);
    expect(rulesOf('direct', plan({ failMode: 'closed' })).at(-1)).toBe('nobody judges it');
    expect(rulesOf('direct', plan({ v6: { mode: 'reject' } })).slice(-2)).toEqual([
      'no listener for IPv6',
      'between the ends of one before',
    ]);
    expect(rulesOf('intercept', plan({ v6: { mode: 'reject' } }))).toHaveLength(1);
  });

  it('hide the mark of listeners that are known by it', () => {
    expect(plan()).not.toContain('chain hidden');
    expect(plan({ makers: [CGROUP, { kind: 'mark', mark: 3 }] })).toContain('chain hidden');
  });

  it('only hold on to open connections, or are gone', () => {
    expect(plan({ v4: { mode: 'keep' }, v6: { mode: 'none' } }).slice(3)).toEqual([
      'chain outbound',
      'rule "redirected before" of chain outbound',
      'chain apart',
      'rule "the agent itself" of chain apart',
    ]);
    expect(plan({ v4: { mode: 'none' }, v6: { mode: 'none' } })).toEqual([
      'table eastwall',
      'table eastwall',
    ]);
  });

  it('show the guard what has come the ordinary way, where there is one', () => {
    expect(rulesOf('departing', plan())).toHaveLength(2);
    expect(plan({ guard: null })).not.toContain('chain departing');
  });
});

describe('the rules for what comes to a pod', () => {
  const inbound = (mode: 'observe' | 'keep') =>
    ({ mode, port4: 61_143, port6: 61_143, unserved: false, spared: [Uint8Array.of(10, 0, 0, 1)] }) as const;

  it('let through in order what is not to be redirected', () => {
    expect(rulesOf('arriving', plan({ inbound: inbound('observe') }))).toEqual([
      'not TCP',
      'open connections',
      'loopback and own addresses',
      'to somebody behind the pod',
      'from a privileged port',
      'from the node',
      'from the node',
      'from the node',
      "the agent's port",
      "the agent's port",
      'to the agent',
      'to the agent',
    ]);
  });

  it('refuse nobody when there is no agent, whatever the fail mode', () => {
    const closed = plan({ inbound: inbound('observe'), failMode: 'closed' });
    expect(rulesOf('arrived', closed)).toEqual([
      'dialled directly',
      'a socket of the agent',
      'a socket of somebody else',
      'a connection that begins or has ended',
      'no socket any more',
    ]);
    expect(rulesOf('direct', closed)).toEqual(rulesOf('direct', plan({ failMode: 'closed' })));
  });

  it('send nobody to the agent while nobody accepts there', () => {
    const elements = (unserved: boolean) =>
      plan({ inbound: { ...inbound('observe'), unserved } }).filter((what) => what.startsWith('element'));
    expect(elements(false)).toEqual(['element of gate', 'element of arrivals']);
    expect(elements(true)).toEqual(['element of gate']);
  });

  it('only bring replies back once nothing new is sent', () => {
    const kept = plan({ v4: { mode: 'keep' }, v6: { mode: 'none' }, inbound: inbound('keep') });
    expect(kept.slice(7)).toEqual([
      'chain tagged',
      'rule "of the agent to the application" of chain tagged',
      'chain returned',
      'rule "of the application to the agent" of chain returned',
    ]);
  });
});

describe('the packet guard', () => {
  const guard = (failMode: 'open' | 'closed', devices: readonly string[] = ['eth0']) =>
    packetGuard({ devices, mark: 9 }, { exemptions: [CGROUP], failMode }, 15_000);

  it('knows the gate where that opens the way', () => {
    const asks = (failMode: 'open' | 'closed') =>
      guard(failMode).filter(({ what, bytes }) => what.startsWith('rule') && bytes.includes('gate')).length;
    expect(asks('open')).toBe(3);
    expect(asks('closed')).toBe(0);
  });

  it('is gone where there is nothing to guard', () => {
    expect(guard('open', []).map(({ what }) => what)).toEqual(['table eastwall', 'table eastwall']);
  });
});
