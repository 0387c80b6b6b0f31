import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { apiPolicy, eventuallyAsync, statusOf } from '../support/agent.ts';
import { controlProcess, dataplaneProcesses } from '../support/processes.ts';
import { agentPods } from '../support/upgrade.ts';

const NODE = 'node-a';
const OPEN = 'shop/open';
const CLOSED = 'shop/closed';
/** Patience with a busy machine: an agent starts, after the kubelet has waited a moment. */
const START_MS = 120_000;
const sleeper = { namespace: 'shop', command: ['sleep', 'infinity'], ready: 'started' as const };

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({
    topology: {
      nodes: [NODE, 'node-b'],
      namespaces: [{ name: 'shop' }],
      pods: [
        { name: 'open', node: NODE, ...sleeper },
        { name: 'closed', node: NODE, annotations: { 'eastwall.dev/fail-mode': 'closed' }, ...sleeper },
        {
          name: 'web',
          namespace: 'shop',
          node: 'node-b',
          labels: { app: 'web' },
          command: ['python3', '-m', 'http.server', '--bind', '::', '8080'],
          ports: [8080],
        },
      ],
      services: [
        { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
      ],
      agents: {
        enabled: true,
        // One that is stopped stays so.
        args: ['--gate-timeout', '3s', '--proof-interval', '2s', '--hang-timeout', '1h'],
      },
    },
  });
});
afterAll(() => sandbox?.stop());
beforeAll(async () => {
  const rules = [{ name: 'root', action: 'Allow', to: [{ methods: ['GET'], path: '/' }] }];
  await sandbox.apply([apiPolicy('web', { target: { services: ['web'] }, mode: 'Enforce', rules })]);
  await expectEnforced();
});

/**
 * What a pod gets that asks for what it may not have: 403 from the agent, 404 where it goes direct, or curl's exit
 * code where there is no answer: 7 is a connection that is refused.
 */
async function ask(pod: string): Promise<string> {
  const { code, stdout } = await sandbox.exec(pod, [
    ...['curl', '-s', '-m', '3', '-o', '/dev/null', '-w', '%{http_code}', 'http://web.shop/forbidden'],
  ]);
  return code === 0 ? stdout : `exit ${code}`;
}

/** What the agent last said: why it did not come back, perhaps. */
async function logTail(): Promise<string> {
  const [agent] = await agentPods(sandbox, NODE);
  return agent === undefined
    ? 'no agent'
    : (await sandbox.logs(`eastwall-system/${agent}`)).split('\n').slice(-20).join('\n');
}

async function expectEnforced(): Promise<void> {
  for (const pod of [OPEN, CLOSED])
    await eventuallyAsync(async () => expect(await ask(pod)).toBe('403'), 60_000);
}

describe('status', () => {
  test('says what the kernel enforces, and that interception is proven by both families', async () => {
    await eventuallyAsync(async () => {
      const { capture, pods } = await statusOf(sandbox, NODE);
      expect(capture.rules).toBe('nft');
      expect(capture.abilities.filter(({ problem }) => problem !== null)).toEqual([]);
      const intercepted = { v4: 'proven', v6: 'proven' };
      expect(pods.find(({ pod }) => pod === 'open')).toMatchObject({ failMode: 'open', intercepted });
      expect(pods.find(({ pod }) => pod === 'closed')).toMatchObject({ failMode: 'closed', intercepted });
    });
  });
});

describe('an agent', () => {
  test('whose dataplane hangs holds up nobody for long', async () => {
    const [dataplane] = dataplaneProcesses(sandbox, NODE);
    process.kill(dataplane as number, 'SIGSTOP');
    try {
      await eventuallyAsync(async () => expect(await ask(OPEN)).toBe('404'));
      await eventuallyAsync(async () => expect(await ask(CLOSED)).toBe('exit 7'));
      // Its supervisor is well, and can tell.
      await eventuallyAsync(async () => {
        const { pods, dataplanes } = await statusOf(sandbox, NODE);
        expect(pods.find(({ pod }) => pod === 'open')?.intercepted.v4).toBe('failed');
        expect(dataplanes).toMatchObject([{ state: 'silent' }]);
      });
    } finally {
      process.kill(dataplane as number, 'SIGCONT');
    }
    await expectEnforced();
    await eventuallyAsync(async () =>
      expect((await statusOf(sandbox, NODE)).dataplanes).toMatchObject([{ state: 'serving' }]),
    );
  });

  test('that hangs as a whole holds up nobody for long', async () => {
    const control = controlProcess(sandbox, NODE);
    process.kill(control, 'SIGSTOP');
    try {
      await eventuallyAsync(async () => expect(await ask(CLOSED)).toBe('exit 7'));
      await eventuallyAsync(async () => expect(await ask(OPEN)).toBe('404'));
    } finally {
      process.kill(control, 'SIGCONT');
    }
    await expectEnforced();
  });

  test('that is killed is enforced again by the next one, and nobody goes direct in between who must not', {
    timeout: 2 * START_MS,
  }, async () => {
    process.kill(controlProcess(sandbox, NODE), 'SIGKILL');
    const answers: string[] = [];
    const enforced = eventuallyAsync(async () => {
      answers.push(await ask(CLOSED));
      expect(answers.at(-1), [...new Set(answers)].join()).toBe('403');
    }, START_MS);
    await enforced.catch(async (cause) => {
      throw new Error(await logTail(), { cause });
    });
    expect(answers).not.toContain('404');
    await expectEnforced();
  });
});
