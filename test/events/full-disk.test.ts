import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { apiPolicy, curl, eventuallyAsync, statusOf } from '../support/agent.ts';
import { controlProcess } from '../support/processes.ts';
import { CALLER, NODE, topology } from './topology.ts';

/** A real agent whose events are kept on a disk of 1 MiB, which fills up. */

const WRITERS = ['file', 'webhook', 'otlp-logs'] as const;

let directory = '';
let disk = '';
let sandbox: SandboxHandle;
let agent = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'full-disk-'));
  disk = join(directory, 'disk');
  mkdirSync(disk);
  writeFileSync(join(directory, 'received.jsonl'), '');
  writeFileSync(join(directory, 'token'), 'of-the-siem\n');
  writeFileSync(join(directory, 'mode'), 'ok');
  sandbox = await startSandbox({ topology: topology(directory, disk) });
  agent = controlProcess(sandbox, NODE);
  const read = { name: 'read', action: 'Allow', to: [{ methods: ['GET'], path: '/orders/{id:int}' }] };
  await sandbox.apply([apiPolicy('web', { target: { services: ['web'] }, mode: 'Enforce', rules: [read] })]);
  await eventuallyAsync(async () =>
    expect(await curl(sandbox, CALLER, 'http://web.shop/admin')).toMatchObject({ status: 403 }),
  );
  asAgent('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk);
});
afterAll(async () => {
  await sandbox?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Sees the files that the agent sees. */
function asAgent(...argv: readonly string[]): string {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
  const entered = ['--target', `${agent}`, ...user, '--mount', '--', ...argv];
  return execFileSync('nsenter', entered, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** So many refused requests on one connection, all of them answered; their decision ids. */
async function refused(count: number): Promise<string[]> {
  const url = `http://web.shop/vault/[1-${count}]`;
  const { stdout } = await sandbox.exec(CALLER, ['curl', '-s', '-D', '-', '-o', '/dev/null', url]);
  const ids = [...stdout.matchAll(/^eastwall-decision: (\S+)/gm)].map(([, id = '']) => id);
  expect(ids).toHaveLength(count);
  return ids;
}

async function sinks() {
  const { sinks } = await statusOf(sandbox, NODE);
  return sinks.filter(({ sink }) => (WRITERS as readonly string[]).includes(sink));
}

/** What is asked for now gets to the collector and into the file, and nobody has a problem. */
async function works(): Promise<void> {
  await eventuallyAsync(async () => {
    const [id = ''] = await refused(1);
    await eventuallyAsync(async () => {
      expect(readFileSync(join(directory, 'received.jsonl'), 'utf8')).toContain(id);
      expect(asAgent('cat', join(disk, 'events.jsonl'))).toContain(id);
    }, 2_000);
    expect((await sinks()).map(({ problem }) => problem)).toEqual(WRITERS.map(() => null));
  }, 60_000);
}

/** Every sink says so, and has counted what it has lost; requests are answered as ever. */
async function loses(sentence: string): Promise<void> {
  const before = await sinks();
  await eventuallyAsync(async () => {
    await refused(100);
    const now = await sinks();
    expect(now.map(({ problem }) => problem)).toEqual(WRITERS.map(() => expect.stringContaining(sentence)));
    for (const [at, { dropped }] of now.entries())
      expect(dropped['disk']).toBeGreaterThan(before[at]?.dropped['disk'] ?? 0);
  }, 60_000);
}

const filler = () => join(disk, 'filler');
const fill = () => expect(() => asAgent('sh', '-c', `cat /dev/zero > ${filler()}`)).toThrow('No space left');

test('a disk that is full costs events only, which are counted, until there is space again', async () => {
  await works();
  fill();
  await loses('no space is left on its disk (ENOSPC)');
  // Reading goes well on a full disk: what is wrong is still said.
  await refused(100);
  expect((await sinks())[1]?.problem).toContain('ENOSPC');
  asAgent('rm', filler());
  await works();
});

/** Each round with space and without, so that what else a machine does is in both. */
const ROUNDS = 7;

test('requests take no longer while a disk is full', async () => {
  const took = async (): Promise<number> => {
    const began = performance.now();
    await refused(500);
    return performance.now() - began;
  };
  await took();
  const [well, full]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    well.push(await took());
    fill();
    full.push(await took());
    asAgent('rm', filler());
  }
  const best = { well: Math.min(...well), full: Math.min(...full) };
  process.stdout.write(`milliseconds of 500 requests: ${JSON.stringify(best)}\n`);
  expect(best.full).toBeLessThan(2 * best.well);
});
