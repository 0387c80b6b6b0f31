import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventuallyAsync } from '../support/agent.ts';

/** The tour as a reader takes it: the commands of `docs/tour.md`, in a shell, one block after the other. */

const ROOT = new URL('../..', import.meta.url).pathname;
const blocks = [...readFileSync(join(ROOT, 'docs/tour.md'), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(
  ([, text = '']) => text,
);
/** `make setup` has happened; the second one stays in the foreground. */
const [, up = '', ...steps] = blocks;

const stateDir = mkdtempSync(join(tmpdir(), 'eastwall-tour-'));
const env = {
  ...process.env,
  PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`,
  EASTWALL_STATE_DIR: stateDir,
  NO_COLOR: '1',
};
/** On a machine that is busy with something else. */
const PATIENCE_MS = 180_000;
let sandbox: ChildProcess;

async function typed(script: string): Promise<{ code: number | null; output: string }> {
  const shell = spawn('bash', ['-c', script], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = (await once(shell, 'close')) as [number | null];
  return { code, output };
}

beforeAll(async () => {
  sandbox = spawn('bash', ['-c', `exec ${up}`], { cwd: ROOT, env, stdio: 'ignore' });
  await eventuallyAsync(
    async () => expect((await typed('npx eastwall sandbox status')).code).toBe(0),
    PATIENCE_MS,
  );
}, PATIENCE_MS);
afterAll(async () => {
  if (sandbox.exitCode === null && sandbox.kill('SIGINT')) await once(sandbox, 'exit');
  rmSync(stateDir, { recursive: true, force: true });
});

/** What each block has to show; a reader who sees nothing yet looks again. */
const SHOWN: readonly RegExp[] = [
  /shop +orders:80 +GET +\/orders\/\{orderId\} +1 /,
  /"iban":"DE\d+/,
  /medium +admin-endpoint +ci\/ci-runner +shop\/billing:80/,
  /AUDIT +ci\/ci-runner → shop\/billing:80 +GET \/invoices\/7 +200 +no_rule_allows/,
  /HTTP\/1.1 403 Forbidden[\s\S]*eastwall-decision: ew-/,
  /no rule allows[\s\S]*shop\/billing/,
  /node node-a: ready[\s\S]*enrolled/,
];

test('has a block for everything that it promises', () => expect(steps).toHaveLength(SHOWN.length));

for (const [index, shown] of SHOWN.entries())
  test(
    `shows, in step ${index + 1}, ${shown.source}`,
    () =>
      eventuallyAsync(async () => expect((await typed(steps[index] ?? '')).output).toMatch(shown), 60_000),
    PATIENCE_MS,
  );

test('leaves nothing behind', async () => {
  expect((await typed('npx eastwall sandbox status')).code).not.toBe(0);
});
