import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compileTopology } from './compile.ts';
import { loadTopology } from './load.ts';

const ROOT = join(import.meta.dirname, '../../../..');

it.each(globSync('examples/*.yaml', { cwd: ROOT }))('%s is a topology', async (file) => {
  const { objects, nodes } = compileTopology(await loadTopology({ file: join(ROOT, file) }), {
    stateDir: '/run/s',
  });
  expect(nodes.length).toBeGreaterThan(0);
  expect(objects.length).toBeGreaterThan(0);
});
