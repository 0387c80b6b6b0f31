import { describe, expect, it } from 'vitest';
import { type CgroupFacts, cgroupMounts, ownCgroup, pathProblem } from './own-cgroup.ts';

const MOUNT = '31 23 0:27 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw';
const facts = (more: Partial<CgroupFacts>): CgroupFacts => ({
  membership: '0::/\n',
  mounts: MOUNT,
  namespaceInode: 4_026_532_900,
  release: '6.8.0-41-generic',
  inode: (path) => (path.startsWith('/sys/fs/cgroup/') ? 9n : null),
  ...more,
});

describe('the cgroup of the agent', () => {
  it('is what /proc says, also beside v1 hierarchies', () => {
    const membership = '4:memory:/other\n0::/kubepods.slice/pod1/agent\n';
    expect(ownCgroup(facts({ membership, namespaceInode: 0xeffffffb }))).toEqual({
      ok: true,
      value: { path: '/kubepods.slice/pod1/agent', id: 9n },
    });
  });

  it('is `/` only inside a private cgroup namespace that starts below the root', () => {
    expect(ownCgroup(facts({}))).toEqual({ ok: true, value: { path: '/', id: 9n } });
  });

  it('has no id where its directory can not be seen', () => {
    const seen = ownCgroup(facts({ membership: '0::/own\n', inode: () => null }));
    expect(seen).toEqual({ ok: true, value: { path: '/own', id: null } });
  });

  it.each<[string, Partial<CgroupFacts>]>([
    ['the agent is in no cgroup v2', { membership: '4:memory:/x\n' }],
    ["the agent is in the machine's root cgroup", { namespaceInode: 0xeffffffb }],
    ["the agent's cgroup namespace may start at the machine's root cgroup", { inode: () => null }],
    ["the agent's cgroup namespace may start at the machine's root cgroup", { mounts: '' }],
  ])('can not be named: %s', (error, more) => {
    expect(ownCgroup(facts(more))).toEqual({ ok: false, error });
  });
});

it('means something else to iptables inside a cgroup namespace of an old kernel', () => {
  expect(pathProblem({ path: '/', id: 9n }, '5.15.0-91')).toBe(
    'kernel 5.15.0-91 does not resolve cgroup paths inside a cgroup namespace',
  );
  expect(pathProblem({ path: '/', id: 9n }, '6.1.0')).toBeNull();
  expect(pathProblem({ path: '/kubepods/pod1', id: 9n }, '5.15.0-91')).toBeNull();
});

it('finds the cgroup v2 mounts among the others', () => {
  const mounts = `30 23 0:26 /x /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
${MOUNT}
32 23 0:27 /../.. /host/cgroup rw shared:10 master:2 - cgroup2 cgroup2 rw`;
  expect(cgroupMounts(mounts)).toEqual([
    { root: '/', path: '/sys/fs/cgroup' },
    { root: '/../..', path: '/host/cgroup' },
  ]);
});
