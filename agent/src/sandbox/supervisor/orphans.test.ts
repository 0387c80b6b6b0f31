import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ORPHANS = new URL('./orphans.ts', import.meta.url).href;

/**
 * The first process of a PID namespace, to which a child of a child is left; it runs children of its own meanwhile, and says how
 * those ended, and what of `/proc` is dead in the end.
 */
const FIRST = `
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
const dead = () => readdirSync('/proc').filter((pid) => {
  try { return /^\\d+$/.test(pid) && /\\) Z /.test(readFileSync('/proc/' + pid + '/stat', 'utf8')); } catch { return false; }
});
await once(spawn('sh', ['-c', '(sleep 0.2) & exit 0']), 'exit');
while (dead().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
if (process.argv[1] === 'reap') (await import('${ORPHANS}')).reapOrphans(20);
const codes = [];
for (let code = 0; code < 20; code++)
  codes.push((await once(spawn('sh', ['-c', 'exit ' + code]), 'exit'))[0]);
process.stdout.write(JSON.stringify({ codes, dead: dead().length }));
process.exit(0);
`;

async function firstProcess(word: string) {
  const namespaces = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const node = [process.execPath, '--no-warnings', '--input-type=module', '-e', FIRST, word];
  const { stdout } = await promisify(execFile)('unshare', [...namespaces, ...node], { timeout: 60_000 });
  return JSON.parse(stdout) as { readonly codes: readonly number[]; readonly dead: number };
}

const CODES = Array.from({ length: 20 }, (_, code) => code);

test('Node leaves dead what it has not started', async () => {
  expect(await firstProcess('leave')).toEqual({ codes: CODES, dead: 1 });
});

test('orphans are reaped, and nothing that Node waits for itself', async () => {
  expect(await firstProcess('reap')).toEqual({ codes: CODES, dead: 0 });
});
