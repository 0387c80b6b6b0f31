import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { apiPolicy, curl, eventuallyAsync } from '../support/agent.ts';
import { controlProcess } from '../support/processes.ts';

/** The command line as from an administrator's machine: through the kube API, to real agents on two nodes. */

const MAIN = new URL('../../agent/src/cli/main.ts', import.meta.url).pathname;
/** An agent is slow to come back while its node is busy. */
const PATIENCE_MS = 90_000;
const caller = (name: string, node: string, team: string) => ({
  name,
  labels: { app: name, team },
  namespace: 'shop',
  node,
  owner: 'Deployment' as const,
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
});

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({
    topology: {
      nodes: ['node-a', 'node-b'],
      namespaces: [{ name: 'shop' }],
      pods: [
        caller('one', 'node-a', 'blue'),
        caller('two', 'node-b', 'red'),
        {
          name: 'web',
          namespace: 'shop',
          node: 'node-a',
          command: ['python3', '-m', 'http.server', '8080', '--bind', '::'],
          ports: [8080],
        },
      ],
      services: [
        { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
      ],
    },
  });
  const read = { name: 'read', action: 'Allow', to: [{ methods: ['GET'], path: '/' }] };
  await sandbox.apply([apiPolicy('web', { target: { services: ['web'] }, mode: 'Enforce', rules: [read] })]);
});
afterAll(() => sandbox?.stop());

/** In the network that reaches the kube API. */
async function eastwall(...args: string[]): Promise<{ code: number | null; out: string; error: string }> {
  const argv = [process.execPath, MAIN, ...args, '--kubeconfig', sandbox.kubeconfig] as const;
  const { code, stdout, stderr } = await sandbox.runBeside(argv, { env: { NO_COLOR: '1' } });
  return { code, out: stdout, error: stderr };
}

const refused = async (pod: string): Promise<void> => {
  expect((await curl(sandbox, pod, 'http://web.shop/secret')).status).toBe(403);
};

/** A command that goes on until it is interrupted: what it has written so far, JSON lines taken apart. */
function following(...args: string[]) {
  const argv = [process.execPath, MAIN, ...args, '-o', 'json', '--kubeconfig', sandbox.kubeconfig] as const;
  const child = sandbox.spawnBeside(argv, { stdio: ['ignore', 'pipe', 'pipe'], env: { NO_COLOR: '1' } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let error = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    error += text;
  });
  return {
    get lines(): Followed[] {
      const whole = out.slice(0, out.lastIndexOf('\n') + 1);
      return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Followed]));
    },
    get error() {
      return error;
    },
  };
}

interface Followed {
  readonly id: string;
  readonly node: string;
  readonly caller: { readonly name: string };
}

const callers = (lines: readonly Followed[]): string[] => lines.map(({ caller }) => caller.name);

test('status has every node', async () => {
  const { code, out } = await eastwall('status', '-o', 'yaml');
  expect(code).toBe(0);
  const { agents, missing } = parse(out) as { agents: { node: string }[]; missing: unknown[] };
  expect(agents.map(({ node }) => node).sort()).toEqual(['node-a', 'node-b']);
  expect(missing).toEqual([]);
});

test('tail has what was refused on both nodes, in its order, and explain knows each', async () => {
  await eventuallyAsync(async () => refused('shop/one'));
  await eventuallyAsync(async () => refused('shop/two'));
  await refused('shop/one');
  const lines = await eventuallyAsync(async () => {
    const { code, out } = await eastwall('tail', '--no-follow', '--to', 'shop/web');
    expect(code).toBe(0);
    const callers = out.split('\n').flatMap((line) => /DENY +shop\/(\w+) /.exec(line)?.[1] ?? []);
    expect(callers.slice(-3)).toEqual(['one', 'two', 'one']);
    return out.trim().split('\n');
  });
  for (const line of lines.slice(-2)) {
    const id = line.split(' ').at(-1) ?? '';
    const { code, out } = await eastwall('explain', id);
    expect(code).toBe(0);
    expect(out).toContain('no rule allows');
  }
});

test('tail takes labels of callers, and of Services', async () => {
  await refused('shop/one');
  await refused('shop/two');
  await eventuallyAsync(async () => {
    const { code, out } = await eastwall('tail', '--no-follow', '--from-labels', 'team in (blue),!tier');
    expect(code).toBe(0);
    expect(new Set(out.match(/DENY +shop\/\w+/g))).toEqual(new Set(['DENY   shop/one']));
  });
  const to = async (selector: string) => {
    const { out } = await eastwall('tail', '--no-follow', '--to-labels', selector);
    return out.match(/DENY +shop\/one → \S+/)?.[0];
  };
  await sandbox.kubectl(['label', 'service', 'web', '-n', 'shop', 'tier=front']);
  await eventuallyAsync(async () => expect(await to('tier=front')).toMatch(/→ shop\/web:80$/));
  expect(await to('tier!=front')).toBeUndefined();
  expect(await eastwall('tail', '--from-labels', 'a b')).toMatchObject({
    code: 2,
    error: 'eastwall: --from-labels: unable to parse requirement: `a b`\n',
  });
});

test('apis counts the calls of all nodes as one', async () => {
  for (const pod of ['shop/one', 'shop/two', 'shop/two'])
    expect((await curl(sandbox, pod, 'http://web.shop/')).status).toBe(200);
  await eventuallyAsync(async () => {
    const { code, out } = await eastwall('apis', '-n', 'shop', '-o', 'json');
    expect(code).toBe(0);
    const { operations } = JSON.parse(out) as { operations: Record<string, unknown>[] };
    expect(operations).toContainEqual(expect.objectContaining({ method: 'GET', template: '/', calls: 3 }));
  });
});

test('quarantine is about the sandbox where nothing else is named, and pods there are cut off and let go', async () => {
  const asked = (...args: string[]) =>
    promisify(execFile)(process.execPath, [MAIN, 'quarantine', ...args], {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', EASTWALL_STATE_DIR: sandbox.stateDir },
    }).catch((error: { code: number; stderr: string }) => error);
  const status = async () => (await curl(sandbox, 'shop/two', 'http://web.shop/')).status;
  expect(await asked('two', '-n', 'shop')).toMatchObject({
    stderr: expect.stringContaining('kubectl get pods -n shop'),
  });
  const { stdout: name } = await sandbox.kubectl([
    'get',
    'pods',
    '-n',
    'shop',
    '-l',
    'app=two',
    '-o',
    'name',
  ]);
  expect(await asked(name.trim(), '-n', 'shop')).toMatchObject({ stdout: `${name.trim()} quarantined\n` });
  await eventuallyAsync(async () => expect(await status()).toBe(403));
  await asked(name.trim(), '-n', 'shop', '--lift');
  await eventuallyAsync(async () => expect(await status()).toBe(200));
});

test('an agent that does not answer is named, and the answer is partial', async () => {
  const control = controlProcess(sandbox, 'node-b');
  process.kill(control, 'SIGSTOP');
  try {
    const { code, out, error } = await eastwall('status', '--request-timeout', '5s');
    expect(code).toBe(3);
    expect(out).toContain('node node-a: ready');
    expect(error).toContain('node-b');
  } finally {
    process.kill(control, 'SIGCONT');
  }
  await eventuallyAsync(async () => expect((await eastwall('status')).code).toBe(0));
});

test('streams go on when an agent is killed in the middle of them: it is named, and taken up again when it is back', async () => {
  for (const pod of ['shop/one', 'shop/two', 'shop/one']) await eventuallyAsync(() => refused(pod));
  const flows = following('tail', '--to', 'shop/web', '--since', '1h');
  const findings = following('findings', '-w');
  // What agents have kept comes first, in the order of its time over both nodes.
  await eventuallyAsync(async () => expect(callers(flows.lines).slice(-3)).toEqual(['one', 'two', 'one']));
  await refused('shop/two');
  await eventuallyAsync(async () => expect(callers(flows.lines).slice(-2)).toEqual(['one', 'two']));
  for (const pod of ['shop/one', 'shop/two'])
    for (let i = 0; i < 3; i++) await curl(sandbox, pod, 'http://169.254.169.254/latest/', '-m', '1');
  await eventuallyAsync(async () =>
    expect(new Set(findings.lines.map(({ node }) => node))).toEqual(new Set(['node-a', 'node-b'])),
  );
  const seen = flows.lines.length;
  process.kill(controlProcess(sandbox, 'node-b'), 'SIGKILL');
  await eventuallyAsync(async () => {
    expect(flows.error).toContain('agent on node-b');
    expect(findings.error).toContain('agent on node-b');
  });
  await refused('shop/one');
  await eventuallyAsync(async () => expect(callers(flows.lines).slice(seen)).toContain('one'));
  await eventuallyAsync(async () => {
    await refused('shop/two');
    expect(callers(flows.lines).slice(seen)).toContain('two');
  }, PATIENCE_MS);
  const ids = flows.lines.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect([flows.error, findings.error].join('')).not.toContain('node-a');
});
