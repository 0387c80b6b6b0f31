import { describe, expect, it } from 'vitest';
import { propagationOf } from './propagation.ts';

const MOUNTS = `22 1 0:21 / / ro,relatime - overlay overlay rw
30 22 0:26 / /run rw master:5 - tmpfs tmpfs rw
31 22 0:26 /netns /run/netns ro,relatime master:5 - tmpfs tmpfs rw
32 31 0:4 net:[4026532] /run/netns/cni-1 ro shared:9 master:7 - nsfs nsfs rw
40 22 0:30 / /mnt/with\\040space rw,relatime shared:12 - tmpfs tmpfs rw
41 22 0:31 / /private rw,relatime - tmpfs tmpfs rw
42 22 0:32 / /twice rw,relatime shared:13 - tmpfs tmpfs rw
43 22 0:33 / /twice rw,relatime - tmpfs tmpfs rw
`;

describe('propagationOf', () => {
  it.each([
    ['/run/netns', '/run/netns', true],
    ['/run/other', '/run', true],
    ['/runner', '/', false],
    ['/mnt/with space/netns', '/mnt/with space', true],
    ['/private/netns', '/private', false],
    ['/twice', '/twice', false],
  ])('%s', (path, mount, receives) => {
    expect(propagationOf(MOUNTS, path)).toEqual({ mount, receives });
  });

  it('knows nothing of an empty table', () => {
    expect(propagationOf('', '/run/netns')).toBeNull();
    expect(propagationOf('\n1 2 3\n', '/run/netns')).toBeNull();
  });
});
