import { describe, expect, it } from 'vitest';
import { cgroupDirectory } from './cgroup-tree.ts';

const mount = (root: string, point: string, type: string) =>
  `40 30 0:30 ${root} ${point} rw,nosuid shared:9 - ${type} cgroup2 rw`;

describe('cgroupDirectory', () => {
  it('is below the mount of the unified tree, also beside the old ones', () => {
    const mounts = [
      mount('/', '/sys/fs/cgroup/cpu', 'cgroup'),
      mount('/', '/sys/fs/cgroup/unified', 'cgroup2'),
    ];
    const groups = '5:devices:/a\n0::/user.slice/session-1.scope\n';
    expect(cgroupDirectory(mounts.join('\n'), groups)).toBe(
      '/sys/fs/cgroup/unified/user.slice/session-1.scope',
    );
    expect(cgroupDirectory(mount('/', '/sys/fs/cgroup', 'cgroup2'), '0::/\n')).toBe('/sys/fs/cgroup/');
  });

  it('is nowhere without a unified tree, or where only a part of it is mounted', () => {
    expect(cgroupDirectory(mount('/', '/sys/fs/cgroup/cpu', 'cgroup'), '0::/\n')).toBeNull();
    expect(cgroupDirectory(mount('/docker/x', '/sys/fs/cgroup', 'cgroup2'), '0::/\n')).toBeNull();
    expect(cgroupDirectory(mount('/', '/sys/fs/cgroup', 'cgroup2'), '5:devices:/a\n')).toBeNull();
  });
});
