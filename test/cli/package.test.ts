import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Served, serve } from '../../agent/src/sandbox/kube-api/testing/serve.ts';
import { agentStatus } from '../../agent/testing/agent-status.ts';
import { type Installed, installed, type Packed, packed } from './packed.ts';

const run = promisify(execFile);
const KREW = new URL('../../scripts/krew.ts', import.meta.url).pathname;

interface KrewPlatform {
  readonly sha256: string;
  readonly files: readonly object[];
  readonly bin: string;
}

let made: Packed;
let home: Installed;
let agent: Server;
let cluster: Served;
let kubeconfig: string;

beforeAll(async () => {
  made = await packed();
  home = await installed(made);
  agent = createServer((_, response) => response.end(JSON.stringify(agentStatus()))).listen(0, '127.0.0.1');
  await once(agent, 'listening');
  cluster = await serve({}, {}, { dial: toAgent });
  kubeconfig = join(made.directory, 'kubeconfig');
  writeFileSync(kubeconfig, cluster.api.kubeconfig());
  addAgent('eastwall-1', 'node-a');
});
afterAll(async () => {
  agent?.close();
  await cluster?.api.close();
  await made?.[Symbol.asyncDispose]();
});

async function toAgent() {
  const socket = connect((agent.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

function addAgent(name: string, nodeName: string): void {
  const labels = { 'app.kubernetes.io/name': 'eastwall', 'app.kubernetes.io/component': 'agent' };
  const metadata = { namespace: 'default', name, labels };
  const spec = { nodeName, containers: [{ name: 'agent', image: 'none' }] };
  cluster.store.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
  const stored = cluster.store.get('pods', 'default', name);
  if (stored === undefined) throw new Error('no pod');
  cluster.store.update('pods', { ...stored, status: { phase: 'Running' } }, { subresource: 'status' });
}

/** A shell where the package is installed, as `npx` makes it. */
function shell(line: string, program = 'bash'): Promise<{ code: number; out: string; error: string }> {
  const bin = join(home.directory, 'node_modules', '.bin');
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: home.directory,
    NO_COLOR: '1',
    npm_config_offline: 'true',
  };
  return new Promise((resolve) => {
    execFile(program, ['-c', line], { env, cwd: home.directory }, (failure, out, error) =>
      resolve({ code: failure === null ? 0 : Number(failure.code), out, error }),
    );
  });
}

test('is one small package, without dependencies and native code', () => {
  expect(readdirSync(join(home.directory, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'eastwall',
  ]);
  expect(statSync(home.tarball).size).toBeLessThan(1024 * 1024);
});

test('runs by npx, and by kubectl', async () => {
  expect(await shell('npx eastwall version')).toEqual({ code: 0, out: 'eastwall 0.1.0\n', error: '' });
  expect(await shell('npx eastwall --version')).toMatchObject({
    code: 0,
    out: 'eastwall 0.1.0\n',
    error: '',
  });
  expect(await shell('kubectl eastwall version')).toMatchObject({ code: 0, out: 'eastwall 0.1.0\n' });
});

test('tells who has an older Node where there is a newer one', async () => {
  // To the program the same as an older one: it can't run TypeScript.
  const { code, error } = await shell('node --no-strip-types $(command -v eastwall) version');
  expect(code).toBe(1);
  expect(error).toMatch(/^eastwall: needs Node 24 and this is v\S+\n {2}→ https:\/\/nodejs\.org/);
});

test('runs as krew would install it', async () => {
  const { stdout: manifest } = await run(process.execPath, [KREW, home.tarball]);
  const [platform] = (parse(manifest) as { spec: { platforms: KrewPlatform[] } }).spec.platforms;
  expect(platform?.sha256).toBe(createHash('sha256').update(readFileSync(home.tarball)).digest('hex'));
  expect(platform?.files).toEqual([{ from: 'package/*', to: '.' }]);
  const unpacked = await mkdtemp(join(made.directory, 'krew-'));
  await run('tar', ['-xzf', home.tarball, '-C', unpacked, '--strip-components=1']);
  const program = join(unpacked, platform?.bin ?? '');
  symlinkSync(program, join(unpacked, 'kubectl-eastwall'));
  const { stdout } = await run(join(unpacked, 'kubectl-eastwall'), ['version'], {
    env: { PATH: process.env['PATH'] },
  });
  expect(stdout).toBe('eastwall 0.1.0\n');
});

test('asks the agents of a cluster', async () => {
  const status = await shell(`npx eastwall status --kubeconfig ${kubeconfig} -o json`);
  expect(status).toMatchObject({ code: 0, error: '' });
  expect(JSON.parse(status.out)).toMatchObject({ agents: [{ node: agentStatus().node }], missing: [] });
  expect((await shell(`KUBECONFIG=${kubeconfig} kubectl eastwall status -o yaml`)).out).toMatch(
    /^agents:\n {2}- node: /,
  );
});

test('ends with a code that says how, and tells why on standard error', async () => {
  const ends = async (args: string) => {
    const { code, out, error } = await shell(`eastwall ${args}`);
    expect(out).toBe('');
    return [code, error];
  };
  expect(await ends('status')).toEqual([1, expect.stringContaining('no agents to ask: no kubeconfig')]);
  expect(await ends('status --kubeconfig /nowhere')).toEqual([
    1,
    expect.stringContaining('there is no such file'),
  ]);
  expect(await ends('status --request-timeout soon')).toEqual([2, expect.stringContaining('not a duration')]);
  expect(await ends('status --socket /a --context b')).toEqual([2, expect.stringContaining('not both')]);
  expect(await ends(`quarantine job/x --kubeconfig ${kubeconfig}`)).toEqual([
    2,
    expect.stringContaining('neither'),
  ]);
  expect(await ends('agent')).toEqual([1, expect.stringContaining('agents run from the image')]);
});

test('quarantines a pod, and lets it go', async () => {
  const annotation = () =>
    cluster.store.get('pods', 'default', 'eastwall-1')?.metadata.annotations?.['eastwall.dev/quarantine'];
  const quarantine = (args: string) => shell(`eastwall quarantine ${args} --kubeconfig ${kubeconfig}`);
  expect(await quarantine('pod/eastwall-1')).toMatchObject({ code: 0, out: 'pod/eastwall-1 quarantined\n' });
  expect(annotation()).toBe('true');
  expect(await quarantine('eastwall-1 -n default --lift')).toMatchObject({ code: 0 });
  expect(annotation()).toBeUndefined();
  expect(await quarantine('pod/other')).toMatchObject({
    code: 1,
    error: expect.stringContaining('not found'),
  });
});

test('makes Bash and kubectl complete', async () => {
  const press = (words: string) =>
    `COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _eastwall; echo "\${COMPREPLY[@]}"`;
  const script = [
    'source <(eastwall completion bash)',
    press('eastwall fin'),
    press("eastwall status -o ''"),
  ];
  expect(await shell(script.join('; '))).toEqual({ code: 0, out: 'findings\nwide json yaml\n', error: '' });
  expect((await shell('kubectl_complete-eastwall status -o w')).out).toBe('wide\t\n:4\n');
  expect((await shell("kubectl_complete-eastwall status --kubeconfig ''")).out).toBe(':0\n');
});

test('makes Zsh complete', async () => {
  // What `_describe` would be given; the completion system itself wants a terminal.
  const script = [
    'compdef() { :; }; _describe() { eval "print -rl -- \\$$2"; }',
    'source <(eastwall completion zsh)',
    'words=(eastwall completion f); CURRENT=3; _eastwall',
    'words=(eastwall find); CURRENT=2; _eastwall',
  ];
  const { out, error } = await shell(script.join('\n'), 'zsh');
  expect(error).toBe('');
  expect(out).toMatch(/^fish:\nfindings:what the guards have noticed\\?:? ?/);
});
