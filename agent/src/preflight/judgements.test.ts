import { describe, expect, it } from 'vitest';
import type { Abilities } from '../capture/abilities.ts';
import type { KubeFailure } from '../kube/failure.ts';
import type { Check } from './check.ts';
import { judgeConfinement } from './confinement.ts';
import { judgeAbilities } from './kernel.ts';
import { judgeFailures } from './kube-api.ts';
import { judgeNamespaces, type NetnsFacts } from './namespaces.ts';
import { checkPrivileges, NEEDED_CAPABILITIES } from './privileges.ts';

const ALL = NEEDED_CAPABILITIES.reduce((mask, { bit }) => mask | (1n << BigInt(bit)), 0n);
const without = (name: string) =>
  NEEDED_CAPABILITIES.filter((capability) => capability.name === name).reduce(
    (mask, { bit }) => mask & ~(1n << BigInt(bit)),
    ALL,
  );

const states = (checks: readonly Check[]) => checks.map(({ name, state }) => `${state} ${name}`);

describe('privileges', () => {
  it('are enough, or are named with what they are for', () => {
    expect(checkPrivileges(ALL)).toMatchObject({ state: 'ok', todo: null });
    const vital = checkPrivileges(without('SYS_ADMIN'));
    expect(vital).toMatchObject({ state: 'fatal', todo: expect.stringContaining('add SYS_ADMIN to') });
    expect(vital.found).toBe('without SYS_ADMIN (to enter the network namespaces of pods)');
    expect(checkPrivileges(without('KILL')).state).toBe('warning');
  });
});

describe('confinement', () => {
  it.each([
    [null, 'by no profile'],
    ['unconfined', 'by no profile'],
    ['cri-containerd.apparmor.d (enforce)', '`cri-containerd.apparmor.d (enforce)`'],
    ['system_u:system_r:container_t:s0:c1,c2', 'SELinux type `container_t`'],
  ])('of %s is named', (label, found) => {
    expect(judgeConfinement(label)).toMatchObject({ state: 'ok', found: expect.stringContaining(found) });
  });
});

describe('namespaces', () => {
  const good: NetnsFacts = {
    problem: null,
    namespaces: 3,
    bareFiles: 0,
    ownIsThere: true,
    propagation: { mount: '/run/netns', receives: true },
  };
  const judge = (facts: Partial<NetnsFacts>) => judgeNamespaces('/run/netns', { ...good, ...facts });

  it('have to be there, and to come', () => {
    expect(judge({}).state).toBe('ok');
    expect(judge({ problem: 'ENOENT' })).toMatchObject({ state: 'fatal', found: 'ENOENT' });
    expect(judge({ propagation: { mount: '/', receives: false } }).todo).toContain('HostToContainer');
    expect(judge({ propagation: null }).state).toBe('fatal');
    expect(judge({ namespaces: 0, bareFiles: 2, ownIsThere: false }).state).toBe('fatal');
    expect(judge({ ownIsThere: false })).toMatchObject({ state: 'warning' });
  });
});

describe('the kernel', () => {
  const able = {
    engine: { kind: 'nft' },
    exemption: { kind: 'cgroup', why: 'proven' },
    zoneProblem: null,
    gateProblem: null,
    ownerProblem: null,
    guardProblem: null,
    inboundProblem: null,
    countProblem: null,
    problem: null,
  } as Abilities;

  it('is able, able to some degree, or not', () => {
    expect(new Set(judgeAbilities(able).map(({ state }) => state))).toEqual(new Set(['ok']));
    const partly = {
      ...able,
      exemption: { kind: 'mark', why: 'no cgroup v2' },
      guardProblem: 'no egress',
      zoneProblem: 'no target CT',
      inboundProblem: 'no nftables',
      countProblem: 'no nftables',
    } as const;
    expect(states(judgeAbilities(partly)).filter((state) => !state.startsWith('ok'))).toEqual([
      'warning own connections',
      'warning packet guard',
      'warning conntrack zone',
      'warning inbound leg',
      'warning counts',
    ]);
    expect(judgeAbilities({ ...able, engine: null, problem: 'no nft; no iptables' })).toMatchObject([
      { state: 'fatal', found: 'no nft; no iptables' },
    ]);
  });
});

describe('the kube API', () => {
  const failed = (status: number): KubeFailure => ({ status, reason: 'x', message: 'y' });
  const paths = ['/api/v1/pods', '/api/v1/nodes', '/apis/eastwall.dev/v1/apipolicies'];

  it('answers, forbids, knows no policies, or is away', () => {
    expect(states(judgeFailures(paths, [null, null, null]))).toEqual(['ok kube API']);
    const both = judgeFailures(paths, [null, failed(403), failed(404)]);
    expect(states(both)).toEqual(['fatal kube API', 'warning policies']);
    expect(both[0]?.found).toBe('may not list and watch /api/v1/nodes');
    expect(states(judgeFailures(paths, [failed(403), failed(0), null]))).toEqual(['warning kube API']);
    expect(states(judgeFailures(paths, [null, failed(503), null]))).toEqual(['warning kube API']);
  });
});
