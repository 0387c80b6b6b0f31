import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { apiPolicy, curl, eventuallyAsync, flowsOf, statusOf } from '../support/agent.ts';
import { TALK, TOPOLOGY } from './topology.ts';

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({ topology: TOPOLOGY });
});
afterAll(() => sandbox?.stop());

const FRONTEND = 'shop/frontend';
const RUNNER = 'ci/ci-runner';
const applied: string[] = [];

/** Applies a policy and waits until the callers' node has taken it up, or has refused it. */
async function apply(name: string, spec: Record<string, unknown>): Promise<void> {
  if (!applied.includes(name)) applied.push(name);
  await sandbox.apply([apiPolicy(name, spec)]);
  await eventuallyAsync(async () => {
    const { policies } = await statusOf(sandbox, 'node-a');
    const found = policies.find(({ policy }) => policy === `shop/${name}`);
    expect(found).toMatchObject({ mode: spec['mode'] });
  });
}

afterEach(async () => {
  for (const name of applied.splice(0)) await sandbox.remove('apipolicies.eastwall.dev', 'shop', name);
  await eventuallyAsync(async () => expect((await statusOf(sandbox, 'node-a')).policies).toEqual([]));
});

const readOrders = { methods: ['GET'], path: '/orders/{id:int}' };
const webFor = (from: Record<string, unknown>) => ({
  target: { services: ['web'] },
  mode: 'Enforce',
  rules: [{ name: 'read', action: 'Allow', from: [from], to: [readOrders] }],
});

describe('an enforced policy', () => {
  test.each([
    ['service account', { serviceAccount: 'frontend' }],
    ['workload', { workload: { kind: 'Deployment', name: 'frontend' } }],
    ['namespace', { namespace: 'shop' }],
    ['labels', { labels: { tier: 'web' } }],
  ])('admits the caller named by %s, and nobody else', async (_, from) => {
    await apply('web', webFor(from));
    expect(await curl(sandbox, FRONTEND, 'http://web.shop/orders/7')).toEqual({
      status: 200,
      body: 'nginx\n',
    });
    expect(await curl(sandbox, RUNNER, 'http://web.shop/orders/7')).toMatchObject({ status: 403 });
  });

  test('judges method and path, also on one connection', async () => {
    await apply('web', webFor({ serviceAccount: 'frontend' }));
    const ask = (...args: string[]) => curl(sandbox, FRONTEND, '-o', '/dev/null', ...args);
    expect((await ask('-X', 'POST', 'http://web.shop/orders/7')).status).toBe(403);
    expect((await ask('http://web.shop/orders/seven')).status).toBe(403);
    expect((await ask('-I', 'http://web.shop/orders/7')).status).toBe(200);
    expect((await ask('--path-as-is', 'http://web.shop/orders/%2e%2e/admin')).status).toBe(400);
    const both = await sandbox.exec(FRONTEND, [
      'curl',
      '-s',
      '-v',
      '-o',
      '/dev/null',
      '-o',
      '/dev/null',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code} ',
      'http://web.shop/orders/1',
      'http://web.shop/admin',
      'http://web.shop/orders/2',
    ]);
    expect(both.stdout.trim()).toBe('200 403 200');
    expect(both.stderr.match(/Re-using existing connection/g)).toHaveLength(2);
  });

  test('explains the denial to the caller and to the operator alike', async () => {
    await apply('web', webFor({ serviceAccount: 'frontend' }));
    const { body } = await curl(sandbox, RUNNER, '-i', 'http://web.shop/orders/7');
    expect(body).toContain('content-type: application/problem+json');
    const problem = JSON.parse(body.slice(body.indexOf('{'))) as { decision: string };
    expect(problem).toMatchObject({ status: 403, reason: 'no_rule_allows', policy: 'shop/web', rule: null });
    expect(body).toContain(`eastwall-decision: ${problem.decision}`);
    const record = await eventuallyAsync(async () => {
      const found = (await flowsOf(sandbox, 'node-a')).find(({ id }) => id === problem.decision);
      expect(found).toBeDefined();
      return found;
    });
    expect(record).toMatchObject({
      caller: { namespace: 'ci', serviceAccount: 'ci-runner', kind: 'Pod' },
      method: 'GET',
      path: '/orders/7',
      host: 'web.shop',
      status: 403,
      verdict: 'deny',
      policy: 'shop/web',
    });
    expect(record?.destination.services).toEqual([{ namespace: 'shop', service: 'web', port: 80 }]);
  });

  test('holds however the server is reached: cluster IP, pod IP, IPv4 and IPv6', async () => {
    await apply('web', webFor({ serviceAccount: 'frontend' }));
    const { ips } = await sandbox.pod('shop/web');
    expect(ips.length).toBe((await sandbox.status()).ipv6 ? 2 : 1);
    for (const ip of ips) {
      const url = `http://${ip.includes(':') ? `[${ip}]` : ip}:8080/orders/7`;
      expect(await curl(sandbox, FRONTEND, url)).toMatchObject({ status: 200 });
      expect(await curl(sandbox, RUNNER, url)).toMatchObject({ status: 403 });
    }
  });

  test('holds at the node port of its Service, whichever address of whichever node is dialled', async () => {
    const ports = [{ port: 80, targetPort: 8080, nodePort: 30_080 }];
    const spec = JSON.stringify({ spec: { type: 'NodePort', ports } });
    const patched = await sandbox.kubectl([
      'patch',
      '-n',
      'shop',
      'service',
      'web',
      '--type=merge',
      '-p',
      spec,
    ]);
    expect(patched.code, patched.stderr).toBe(0);
    await apply('web', webFor({ serviceAccount: 'frontend' }));
    const addresses = ['172.20.1.1', '172.20.1.2', '10.244.1.1'];
    const ips = (await sandbox.status()).ipv6 ? [...addresses, '[fd00:172:20::1:2]'] : addresses;
    for (const ip of ips) {
      const url = `http://${ip}:30080/orders/7`;
      await eventuallyAsync(async () =>
        expect(await curl(sandbox, FRONTEND, url)).toEqual({ status: 200, body: 'nginx\n' }),
      );
      expect(await curl(sandbox, RUNNER, url)).toMatchObject({ status: 403 });
    }
  });

  test('lets a Deny rule win over an Allow rule', async () => {
    await apply('web', {
      ...webFor({ namespace: 'shop' }),
      rules: [
        { name: 'all', action: 'Allow' },
        { name: 'no-admin', action: 'Deny', to: [{ path: '/admin/**' }] },
      ],
    });
    expect((await curl(sandbox, FRONTEND, 'http://web.shop/x')).status).toBe(200);
    expect((await curl(sandbox, FRONTEND, 'http://web.shop/admin/x')).status).toBe(403);
  });

  test('refuses what it cannot read: Redis to an enforced Service', async () => {
    const ping = () => sandbox.exec(FRONTEND, ['redis-cli', '-h', 'cache.shop', 'ping']);
    expect((await ping()).stdout).toBe('PONG\n');
    await apply('cache', {
      target: { services: ['cache'] },
      mode: 'Enforce',
      rules: [{ name: 'all', action: 'Allow' }],
    });
    expect((await ping()).stdout).not.toContain('PONG');
    await eventuallyAsync(async () =>
      expect(await flowsOf(sandbox, 'node-a')).toContainEqual(
        expect.objectContaining({ reason: 'unreadable_protocol', verdict: 'deny' }),
      ),
    );
  });
});

test('a port that its Service declares opaque passes unread, until a policy is enforced there', async () => {
  const annotate = async (change: string) => {
    const { code, stderr } = await sandbox.kubectl(['annotate', '-n', 'shop', 'service', 'raw', change]);
    expect(code, stderr).toBe(0);
  };
  await annotate('eastwall.dev/opaque-ports=80');
  const read = {
    target: { services: ['raw'] },
    rules: [{ name: 'read', action: 'Allow', to: [{ methods: ['GET'] }] }],
  };
  await apply('raw', { ...read, mode: 'Audit' });
  await eventuallyAsync(async () => {
    expect((await curl(sandbox, FRONTEND, 'http://raw.shop/')).status).toBe(200);
    expect(await flowsOf(sandbox, 'node-a')).toContainEqual(
      expect.objectContaining({ protocol: 'opaque', declaredOpaque: true, verdict: 'would-deny' }),
    );
  });
  await apply('raw', { ...read, mode: 'Enforce' });
  const { policies } = await statusOf(sandbox, 'node-a');
  expect(policies.map(({ note }) => note)).toEqual([expect.stringContaining('raw:80')]);
  expect((await curl(sandbox, FRONTEND, 'http://raw.shop/')).status).toBe(200);
  expect((await curl(sandbox, FRONTEND, '-X', 'PUT', 'http://raw.shop/')).status).toBe(403);
  await annotate('eastwall.dev/opaque-ports-');
});

test('an Audit policy lets everything pass and records what it would deny', async () => {
  await apply('audited', { ...webFor({ serviceAccount: 'frontend' }), mode: 'Audit' });
  expect((await curl(sandbox, RUNNER, 'http://web.shop/audited')).status).toBe(200);
  await eventuallyAsync(async () =>
    expect(await flowsOf(sandbox, 'node-a')).toContainEqual(
      expect.objectContaining({
        verdict: 'would-deny',
        path: '/audited',
        status: 200,
        policy: 'shop/audited',
      }),
    ),
  );
});

test('a policy that is Off selects nothing', async () => {
  await apply('web', { ...webFor({ serviceAccount: 'frontend' }), mode: 'Off' });
  expect((await curl(sandbox, RUNNER, 'http://web.shop/anything')).status).toBe(200);
});

test('changes are in force without a restart, on connections that are open', async () => {
  const session = await sandbox.spawn(FRONTEND, ['node', TALK, 'raw.shop', '80'], { stdio: 'pipe' });
  let seen = '';
  session.stdout?.on('data', (bytes: Buffer) => {
    seen += bytes;
  });
  const request = 'GET /live HTTP/1.1\r\nHost: raw\r\n\r\n';
  session.stdin?.write(request);
  await eventuallyAsync(async () => expect(seen).toContain('200 OK'));
  await apply('raw', {
    target: { services: ['raw'] },
    mode: 'Enforce',
    rules: [{ name: 'none', action: 'Deny' }],
  });
  session.stdin?.write(request);
  await eventuallyAsync(async () => expect(seen).toContain('403 Forbidden'));
  session.kill();
});

test('a bad policy is refused with the reason, keeps its last good version, and harms no other', async () => {
  await apply('web', webFor({ serviceAccount: 'frontend' }));
  const bad = apiPolicy('bad', webFor({ serviceAccount: 'frontend' }));
  bad.spec['rules'] = [{ name: 'x', action: 'Allow', to: [{ path: '/{a}/{a}' }] }];
  await sandbox.apply([bad]);
  applied.push('bad');
  const accepted = [
    'get',
    'apipolicy',
    '-n',
    'shop',
    'bad',
    '-o',
    'jsonpath={.status.conditions[?(@.type=="Accepted")]}',
  ];
  await eventuallyAsync(async () => {
    const { stdout } = await sandbox.kubectl(accepted);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'False',
      message: expect.stringContaining('spec.rules[0].to[0].path'),
    });
  });
  expect((await curl(sandbox, RUNNER, 'http://web.shop/orders/7')).status).toBe(403);
  expect((await curl(sandbox, FRONTEND, 'http://web.shop/orders/7')).status).toBe(200);
  const refused = await sandbox.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify({ ...bad, spec: { ...bad.spec, mode: 'Perhaps' } }),
  });
  expect(refused.stderr).toContain('spec.mode');
});
