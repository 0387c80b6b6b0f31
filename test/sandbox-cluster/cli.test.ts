import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = new URL('../../agent/src/cli/main.ts', import.meta.url).pathname;
const TOPOLOGY = `
nodes: [node-a]
agents: false
pods:
  - name: box
    command: [sh, -c, 'echo started; exec sleep infinity']
    env: {COLOUR: red}
`;

describe('eastwall sandbox', () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;
  let up: ChildProcess;
  let printed = '';

  const eastwall = (...args: string[]) =>
    new Promise<{ code: number; out: string; error: string }>((resolve) => {
      execFile(process.execPath, [MAIN, 'sandbox', ...args], { env }, (failure, out, error) =>
        resolve({ code: failure === null ? 0 : Number(failure.code), out, error }),
      );
    });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ew-cli-'));
    env = { ...process.env, EASTWALL_STATE_DIR: join(directory, 's') };
    await writeFile(join(directory, 'topology.yaml'), TOPOLOGY);
    up = spawn(process.execPath, [MAIN, 'sandbox', 'up', '-f', join(directory, 'topology.yaml')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const chunk of up.stdout ?? []) {
      printed += chunk;
      if (printed.includes('Ctrl-C')) break;
    }
  });

  afterAll(async () => {
    if (up.exitCode === null && up.kill('SIGTERM')) await once(up, 'exit');
    await rm(directory, { recursive: true });
  });

  it('up says what there is and how to go on', () => {
    expect(printed).toMatch(/default +box +node-a +Running +yes +0 +10\.244\.1\.2 /);
    expect(printed).toContain('eastwall sandbox exec default/box -- sh\n');
  });

  it('exec passes arguments, output and the exit code through', async () => {
    const script = 'echo "$1" $COLOUR; echo oops >&2; exit 42';
    expect(await eastwall('exec', 'default/box', '--', 'sh', '-c', script, 'sh', '-x --help')).toEqual({
      code: 42,
      out: '-x --help red\n',
      error: 'oops\n',
    });
    expect(await eastwall('exec', 'default/box', 'echo', '--', '-n')).toMatchObject({
      code: 0,
      out: '-- -n\n',
    });
  });

  it('exec gives the command the caller’s terminal', async () => {
    const command = `${process.execPath} ${MAIN} sandbox exec default/box -- tty`;
    const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
      execFile('script', ['-qec', command, '/dev/null'], { env }, (_, out) => resolve({ stdout: out }));
    });
    expect(stdout.trim()).toMatch(/^\/dev\/pts\/\d+$/);
  });

  it('kubectl talks to the cluster with any of its flags', async () => {
    expect(await eastwall('kubectl', '--', 'get', 'pods', '-o', 'name')).toMatchObject({
      code: 0,
      out: 'pod/box\n',
    });
    expect(await eastwall('kubectl', 'get', 'pod', 'box', '-o', 'jsonpath={.spec.nodeName}')).toMatchObject({
      out: 'node-a',
    });
    expect((await eastwall('kubectl', 'get', 'pod', 'nobody')).code).toBe(1);
  });

  it('status and logs show the pods', async () => {
    const { code, out } = await eastwall('status', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out).pods).toMatchObject([
      { name: 'box', ready: true, ips: ['10.244.1.2', expect.any(String)] },
    ]);
    expect((await eastwall('status')).out).toContain('kube API https://172.20.0.1:6443');
    expect(await eastwall('logs', 'default/box')).toEqual({ code: 0, out: 'started\n', error: '' });
  });

  it.each([
    [['exec', 'default/bax', '--', 'true'], 'no pod `default/bax` (there are box)'],
    [['exec', 'box', '--', 'true'], '`box` is not `namespace/pod`'],
    [['status', '--state-dir', '/nonexistent'], 'no sandbox is running in `/nonexistent`'],
    [['down', '--state-dir', '/nonexistent'], 'no sandbox is running in `/nonexistent`'],
    [['up', '-f', '/nonexistent.yaml'], 'cannot read `/nonexistent.yaml`: no such file'],
  ])('%j fails with a reason', async (args, reason) => {
    const { code, error } = await eastwall(...args);
    expect(code).toBe(1);
    expect(error).toContain(reason);
  });

  it('up names the line of what is wrong', async () => {
    const file = join(directory, 'wrong.yaml');
    await writeFile(file, 'nodes: [a]\npods:\n  - {name: x, command: [y], nodes: a}\n');
    const { code, error } = await eastwall('up', '-f', file);
    expect([code, error]).toEqual([1, `eastwall: ${file}:3:29: no such field: \`nodes\`\n`]);
  });

  it('up refuses a second one in the same place', async () => {
    const { code, error } = await eastwall('up', '-f', join(directory, 'topology.yaml'));
    expect(code).toBe(1);
    expect(error).toContain('a sandbox is already running');
  });

  it('down ends it, and up ends well', async () => {
    const ended = once(up, 'exit');
    expect(await eastwall('down')).toEqual({ code: 0, out: 'the sandbox is gone\n', error: '' });
    expect((await ended)[0]).toBe(0);
    expect(existsSync(join(directory, 's'))).toBe(false);
  });
});
