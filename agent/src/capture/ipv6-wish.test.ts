import { describe, expect, it } from 'vitest';
import { NO_INTERFACES } from './interfaces.ts';
import { type Ipv6Facts, ipv6Wish } from './ipv6-wish.ts';

const DUAL = {
  ...NO_INTERFACES,
  addresses: ['fd00::1'],
  names: ['eth0'],
  loopbackUp: true,
  loopbackHas6: true,
  has6: true,
};
const decide = (more: Partial<Ipv6Facts>) =>
  ipv6Wish({
    port: 61127,
    unable: { redirect: null, reject: null },
    interfaces: DUAL,
    ...more,
  });

describe('the IPv6 side of a pod', () => {
  it('is redirected like the IPv4 side, also before any interface is up', () => {
    for (const interfaces of [DUAL, NO_INTERFACES]) {
      expect(decide({ interfaces })).toEqual({
        wish: { mode: 'redirect', port: 61127 },
        problem: null,
      });
    }
  });

  it('is refused where `lo` has no IPv6 but the pod has', () => {
    expect(decide({ interfaces: { ...DUAL, loopbackHas6: false } })).toEqual({
      wish: { mode: 'reject' },
      problem: 'IPv6 connections are blocked: its loopback interface has no IPv6',
    });
  });

  it('is refused where the kernel can not redirect IPv6', () => {
    const unable = { redirect: 'no ip6 nat', reject: null };
    const wish = { mode: 'reject' };
    expect(decide({ unable })).toEqual({ wish, problem: 'IPv6 connections are blocked: no ip6 nat' });
    expect(decide({ unable, interfaces: NO_INTERFACES })).toEqual({ wish, problem: null });
  });

  it('is reported as a hole where it can not even be refused', () => {
    const unable = { redirect: 'no ip6 nat', reject: 'no ip6tables' };
    expect(decide({ unable })).toEqual({
      wish: { mode: 'none' },
      problem: 'IPv6 connections are not intercepted: no ip6 nat; no ip6tables',
    });
  });

  it('needs nothing on a machine without IPv6', () => {
    expect(decide({ port: null, interfaces: { ...DUAL, has6: false } })).toEqual({
      wish: { mode: 'none' },
      problem: null,
    });
  });
});
