import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { namespaceInode, openNamespace, openThreadNetns } from './libc-namespaces.ts';

it('tells a namespace from the plain file that it will be mounted on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'eastwall-'));
  const path = join(folder, 'cni-1');
  writeFileSync(path, '');
  expect(openNamespace(path)).toBeNull();
  const plain = openSync(path, 'r');
  expect(namespaceInode(plain)).toBeNull();
  closeSync(plain);
  rmSync(folder, { recursive: true });
  expect(() => openNamespace(path)).toThrow('ENOENT');
});

it('identifies the namespace of this thread', () => {
  const own = openThreadNetns();
  expect(own.inode).toBe(statSync('/proc/thread-self/ns/net').ino);
  expect(namespaceInode(own.fd)).toBe(own.inode);
  closeSync(own.fd);
});
