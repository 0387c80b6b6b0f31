import { describe, expect, it } from 'vitest';
import { debianInventory, readRelease } from '../../scripts/image/debian-inventory.ts';
import { type LockedPackage, npmInventory } from '../../scripts/image/npm-inventory.ts';

const LINUX = { os: 'linux', cpu: 'x64' };
const of = (packages: Record<string, LockedPackage>) => npmInventory({ packages }, 'agent', LINUX);
const purls = (packages: Record<string, LockedPackage>) => of(packages).components.map(({ purl }) => purl);
const agent = (...names: string[]): LockedPackage => ({
  name: 'eastwall',
  version: '1.0.0',
  dependencies: Object.fromEntries(names.map((name) => [name, '*'])),
});

describe('the packages of npm', () => {
  it('are those that a workspace needs, and that those need', () => {
    const packages = {
      agent: agent('a'),
      'node_modules/a': { version: '1.0.0', dependencies: { '@s/b': '2' } },
      'node_modules/@s/b': { version: '2.0.0' },
      'node_modules/vitest': { version: '9.0.0' },
    };
    expect(purls(packages)).toEqual(['pkg:npm/%40s/b@2.0.0', 'pkg:npm/a@1.0.0', 'pkg:npm/eastwall@1.0.0']);
    expect(of(packages).dependencies).toContainEqual({
      ref: 'pkg:npm/a@1.0.0',
      dependsOn: ['pkg:npm/%40s/b@2.0.0'],
    });
  });

  it('are found in the nearest folder, and behind links to workspaces', () => {
    const packages = {
      agent: agent('a', '@eastwall/policy'),
      policy: { name: '@eastwall/policy', version: '3.0.0', dependencies: { c: '1' } },
      'node_modules/@eastwall/policy': { resolved: 'policy', link: true },
      'node_modules/a': { version: '1.0.0', dependencies: { c: '2' } },
      'node_modules/a/node_modules/c': { version: '2.0.0' },
      'node_modules/c': { version: '1.0.0' },
    };
    expect(purls(packages)).toEqual([
      'pkg:npm/%40eastwall/policy@3.0.0',
      'pkg:npm/a@1.0.0',
      'pkg:npm/c@1.0.0',
      'pkg:npm/c@2.0.0',
      'pkg:npm/eastwall@1.0.0',
    ]);
  });

  it('may need each other', () => {
    const needs = (name: string) => ({ version: '1.0.0', dependencies: { [name]: '1' } });
    const packages = { agent: agent('a'), 'node_modules/a': needs('b'), 'node_modules/b': needs('a') };
    expect(purls(packages)).toHaveLength(3);
  });

  it('are for the platform, and leave out what is optional and not there', () => {
    const optionalDependencies = { 'k-linux': '1', 'k-darwin': '1', 'k-gone': '1' };
    const packages = {
      agent: agent('k'),
      'node_modules/k': { version: '1.0.0', optionalDependencies },
      'node_modules/k-linux': { version: '1.0.0', os: ['linux'], cpu: ['x64'] },
      'node_modules/k-darwin': { version: '1.0.0', os: ['darwin'] },
    };
    expect(purls(packages)).toEqual(['pkg:npm/eastwall@1.0.0', 'pkg:npm/k-linux@1.0.0', 'pkg:npm/k@1.0.0']);
  });

  it('bear their licence, and the hash that the registry gives', () => {
    const integrity = `sha512-${Buffer.alloc(64, 7).toString('base64')}`;
    const packages = { agent: agent('a'), 'node_modules/a': { version: '1.0.0', license: 'MIT', integrity } };
    expect(of(packages).components[0]).toMatchObject({
      licenses: [{ expression: 'MIT' }],
      hashes: [{ alg: 'SHA-512', content: '07'.repeat(64) }],
    });
  });
});

describe('the packages of Debian', () => {
  const release = readRelease('PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="12"\n');
  const LIBC = 'Package: libc6\nArchitecture: amd64\nSource: glibc (2.36-1)\nVersion: 2.36-9+deb12u14\n';
  const NODE =
    'Package: a\nArchitecture: amd64\nVersion: 1:2\nPre-Depends: libc6 (>= 2.3)\nDepends: b:any | c, d\n';

  it('are named by release and by the source that advisories name', () => {
    expect(debianInventory([LIBC, NODE], release).components.map(({ purl }) => purl)).toEqual([
      'pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12&upstream=glibc',
      'pkg:deb/debian/a@1%3A2?arch=amd64&distro=debian-12',
    ]);
  });

  it('depend on those that are there', () => {
    const [libc, node] = debianInventory([LIBC, NODE], release).dependencies;
    expect(libc?.dependsOn).toEqual([]);
    expect(node?.dependsOn).toEqual([libc?.ref]);
  });
});
