import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { adminGet, curl, eventuallyAsync, findingsOf } from '../support/agent.ts';

const at = (folder: string, name: string) => join(import.meta.dirname, folder, name);
const directory = mkdtempSync(join(tmpdir(), 'eastwall-news-'));
const secret = join(directory, 'secret');
const sleeper = (name: string, node: string) => ({
  name,
  namespace: 'shop',
  node,
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
});

/** Callers on two nodes whose agents share a Redis and a secret. */
const TOPOLOGY: TopologyInput = {
  nodes: ['node-a', 'node-b'],
  agents: {
    env: {
      EASTWALL_STORE: 'redis://store.data:6379',
      EASTWALL_STORE_SECRET_FILE: secret,
      EASTWALL_NEWS: '1s',
    },
  },
  namespaces: [{ name: 'shop' }, { name: 'data' }],
  pods: [
    sleeper('one', 'node-a'),
    sleeper('two', 'node-b'),
    {
      name: 'web',
      namespace: 'shop',
      node: 'node-b',
      command: ['nginx', '-c', at('servers', 'nginx.conf')],
      ports: [8080],
    },
    {
      name: 'store',
      namespace: 'data',
      node: 'node-b',
      annotations: { 'eastwall.dev/capture': 'disabled' },
      command: ['redis-server', '--save', '', '--protected-mode', 'no', '--bind', '*'],
      ports: [6379],
    },
  ],
  services: [
    { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    { name: 'store', namespace: 'data', selector: { app: 'store' }, ports: [6379] },
  ],
};

let sandbox: SandboxHandle;
beforeAll(async () => {
  writeFileSync(secret, 'what all agents know\n');
  sandbox = await startSandbox({ topology: TOPOLOGY });
});
afterAll(async () => {
  await sandbox?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const redis = async (...words: string[]): Promise<string> =>
  (await sandbox.exec('data/store', ['redis-cli', ...words])).stdout.trim();

test('a credential that two workloads on two nodes use is noticed, and does not show in Redis', async () => {
  const use = (pod: string) => curl(sandbox, pod, '-H', 'X-Api-Key: k3y-of-one', 'http://web.shop/');
  await eventuallyAsync(async () => {
    for (const pod of ['shop/one', 'shop/two']) expect((await use(pod)).status).toBe(200);
    const findings = await findingsOf(sandbox, 'node-a');
    expect(findings).toContainEqual(
      expect.objectContaining({
        detection: 'shared-credential',
        explanation: '2 workloads use one API key: shop/one, shop/two',
      }),
    );
  });
  await eventuallyAsync(async () =>
    expect(await adminGet(sandbox.agentSocket('node-a'), '/metrics')).toMatch(
      /eastwall_news_total\{result="heard"\} [1-9]/,
    ),
  );
  expect(await redis('keys', '*')).toBe('');
});

test('each agent listens to the channels of the workloads that have a pod on its node', async () => {
  await eventuallyAsync(async () => {
    const channels = (await redis('pubsub', 'channels')).split('\n');
    expect(channels).toContain('eastwall:news');
    // Of the two callers and the server; nobody's name shows.
    expect(channels.filter((name) => /^eastwall:news:[\w-]{22}$/.test(name)).length).toBeGreaterThanOrEqual(
      3,
    );
  });
});
