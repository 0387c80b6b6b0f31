import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readState, type SandboxState } from '../../agent/src/sandbox/client/state-dir.ts';
import { stopSandbox } from '../../agent/src/sandbox/client/stop.ts';
import { eventually } from '../../agent/src/sandbox/process/eventually.ts';
import { startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { traces } from './traces.ts';

const PATIENCE = { withinMs: 20_000 };
const UP = new URL('./up.ts', import.meta.url).pathname;

/** A sleep that no other process sleeps. */
const uniqueSleep = () => `${randomInt(1e6, 1e7)}.5`;

const topology = (marker: string) => ({
  nodes: ['node-a'],
  agents: false,
  pods: [
    { name: 'one', command: ['sleep', marker] },
    { name: 'two', command: ['sh', '-c', `trap '' TERM; sleep ${marker} & wait`] },
  ],
});

async function sandboxInChild(): Promise<{
  child: ChildProcess;
  stateDir: string;
  state: SandboxState;
  marker: string;
}> {
  const marker = uniqueSleep();
  const stateDir = await mkdtemp(join(tmpdir(), 'ew-test-'));
  const child = spawn(process.execPath, [UP, stateDir, JSON.stringify(topology(marker))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout !== null) await once(child.stdout, 'data');
  const state = await readState(stateDir);
  if (state === undefined) throw new Error('the sandbox has written no state');
  return { child, stateDir, state, marker };
}

/** What is said when a pod has not become ready within that time. */
async function saidOfBroken(readyTimeoutMs: number): Promise<string> {
  const stateDir = await mkdtemp(join(tmpdir(), 'ew-test-'));
  const pods = [{ name: 'broken', ports: [80], command: ['sh', '-c', 'echo cannot find my hat; exit 1'] }];
  const topology = { nodes: ['node-a'], agents: false, pods };
  const { message } = await startSandbox({ stateDir, readyTimeoutMs, topology }).then(
    () => expect.unreachable(),
    (error: Error) => error,
  );
  expect(message).toContain(`not ready after ${readyTimeoutMs} ms:\npod default/broken: `);
  await expect(readdir(stateDir)).rejects.toThrow('ENOENT');
  return message;
}

describe('the end of a sandbox', () => {
  it('leaves nothing when it is stopped, with commands still running in it', async () => {
    const marker = uniqueSleep();
    const sandbox = await startSandbox({ topology: topology(marker) });
    const { stateDir, state } = sandbox;
    const left = await sandbox.spawn('default/one', ['sleep', marker], { stdio: 'ignore' });
    const ended = once(left, 'exit');
    expect(traces(stateDir, state, marker).length).toBeGreaterThan(3);
    await sandbox.stop();
    expect(traces(stateDir, state, marker).filter((file) => !file.includes(`/${left.pid}/`))).toEqual([]);
    await ended;
    expect(traces(stateDir, state, marker)).toEqual([]);
  });

  it('leaves nothing when another process asks for it', async () => {
    const { child, stateDir, state, marker } = await sandboxInChild();
    const exited = once(child, 'exit');
    expect(await stopSandbox(stateDir)).toBe('stopped');
    expect(traces(stateDir, state, marker).filter((file) => !file.includes(`/${child.pid}/`))).toEqual([]);
    await exited;
    await expect(stopSandbox(stateDir)).rejects.toThrow('no sandbox is running');
  });

  it('leaves no process when the supervisor is killed', async () => {
    const { child, stateDir, state, marker } = await sandboxInChild();
    const exited = once(child, 'exit');
    const children = await readFile(`/proc/${state.holder.pid}/task/${state.holder.pid}/children`, 'utf8');
    process.kill(Number(children.trim()), 'SIGKILL');
    await exited;
    expect(traces(stateDir, state, marker)).toEqual([]);
  });

  it('leaves nothing when whoever started it is killed', async () => {
    const { child, stateDir, state, marker } = await sandboxInChild();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await eventually(() => traces(stateDir, state, marker).length === 0, PATIENCE)).toBe(true);
  });

  it('can be cleaned up after when everything was killed at once', async () => {
    const { child, stateDir, state, marker } = await sandboxInChild();
    child.kill('SIGSTOP');
    process.kill(state.holder.pid, 'SIGKILL');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const onlyFiles = () =>
      traces(stateDir, state, marker).every((trace) => trace.startsWith(stateDir) || trace === state.cgroup);
    expect(await eventually(onlyFiles, PATIENCE)).toBe(true);
    expect(traces(stateDir, state, marker)).toContain(stateDir);
    expect(await stopSandbox(stateDir)).toBe('cleaned');
    expect(traces(stateDir, state, marker)).toEqual([]);
  });

  it('is no hindrance to the next one in the same place', async () => {
    const { child, stateDir, state, marker } = await sandboxInChild();
    child.kill('SIGSTOP');
    process.kill(state.holder.pid, 'SIGKILL');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = await startSandbox({ stateDir, topology: topology(marker) });
    await next.stop();
    expect([...traces(stateDir, state, marker), ...traces(stateDir, next.state, marker)]).toEqual([]);
  });

  it('comes when a pod can not run, with the reason and nothing left', async () => {
    const lastWords = /^pod default\/broken: .*\n {2}\| cannot find my hat/ms;
    let said = '';
    // A busy machine may not have run it yet.
    for (let patienceMs = 1_500; patienceMs < 30_000 && !lastWords.test(said); patienceMs *= 2)
      said = await saidOfBroken(patienceMs);
    expect(said).toMatch(lastWords);
  });

  it('names the object that the kube API refuses', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'ew-test-')), 'topology.yaml');
    const lines = [
      'nodes: [node-a]',
      'agents: false',
      'objects:',
      '  - {apiVersion: v1, kind: ConfigMap, metadata: {name: fine}}',
      '  - {apiVersion: v1, kind: Unicorn, metadata: {name: odd}}',
    ];
    await writeFile(file, lines.join('\n'));
    await expect(startSandbox({ file })).rejects.toThrow(/topology\.yaml:5:5: no matches for kind "Unicorn"/);
  });
});

describe('the state directory', () => {
  it('holds one sandbox', async () => {
    await using sandbox = await startSandbox({ topology: { nodes: ['node-a'], agents: false } });
    const second = startSandbox({
      stateDir: sandbox.stateDir,
      topology: { nodes: ['node-a'], agents: false },
    });
    await expect(second).rejects.toThrow('a sandbox is already running');
    expect((await sandbox.status()).pods).toEqual([]);
  });

  it('is not taken when it holds anything else', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'ew-test-'));
    await writeFile(join(stateDir, 'thesis.tex'), 'chapter 1');
    const start = startSandbox({ stateDir, topology: { nodes: ['node-a'], agents: false } });
    await expect(start).rejects.toThrow('not empty');
    expect(await readdir(stateDir)).toEqual(['thesis.tex']);
  });
});
