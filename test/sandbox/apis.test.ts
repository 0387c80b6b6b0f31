import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperationUsage } from '../../agent/src/record/operation-usage.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { adminGet, apiPolicy, curl, eventuallyAsync } from '../support/agent.ts';

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({ file: 'examples/shop.yaml' });
});
afterAll(() => sandbox?.stop());

const RUNNER = 'ci/ci-runner';

async function usagesOf(node: string): Promise<readonly OperationUsage[]> {
  const answer = await adminGet(sandbox.agentSocket(node), '/apis');
  return (JSON.parse(answer) as { usages: OperationUsage[] }).usages;
}

async function operationsOf(node: string, service: string): Promise<string[]> {
  const usages = await usagesOf(node);
  return usages
    .filter((usage) => usage.service === service && usage.kind === 'operation')
    .map(({ method, template }) => `${method} ${template}`)
    .sort();
}

async function findUsage(
  node: string,
  template: string,
  service = 'orders',
): Promise<OperationUsage | undefined> {
  return (await usagesOf(node)).find((usage) => usage.service === service && usage.template === template);
}

test('the traffic of the shop shows its operations, on the nodes of those who call', async () => {
  await eventuallyAsync(async () => {
    expect(await operationsOf('node-a', 'orders')).toEqual(['GET /orders', 'GET /orders/{orderId}']);
    expect(await operationsOf('node-a', 'report')).toEqual(['GET /report']);
    expect(await operationsOf('node-b', 'billing')).toEqual(['GET /invoices/{invoiceId}']);
  });
  await eventuallyAsync(async () => {
    const usage = await findUsage('node-a', '/orders/{orderId}');
    expect(usage).toMatchObject({ namespace: 'shop', port: 80, protocol: 'http1', denied: 0, otherCalls: 0 });
    expect(usage?.calls).toBeGreaterThan(3);
    expect(usage?.statuses[2]).toBe(usage?.calls);
    expect(usage?.callers).toEqual({ 'shop/frontend': usage?.calls });
  });
});

test('a scan adds no operation, but is seen', async () => {
  const before = await operationsOf('node-a', 'orders');

  await sandbox.exec(RUNNER, ['curl', '-s', 'http://orders.shop/[a-z]dmin/[1-4]']);
  await eventuallyAsync(async () => {
    const usages = await usagesOf('node-a');
    const probes = usages.find(({ service, kind }) => service === 'orders' && kind === 'probes');
    expect(probes?.callers).toMatchObject({ 'ci/ci-runner': 104 });
    expect(probes?.statuses[4]).toBeGreaterThanOrEqual(104);
  });
  expect(await operationsOf('node-a', 'orders')).toEqual(before);
});

test('words that are answered in one shape are ids', async () => {
  const words = '{ant,bee,cat,dog,eel,fox,gnu,hen}';
  await sandbox.exec(RUNNER, ['curl', '-s', `http://orders.shop/orders/${words}`]);
  await eventuallyAsync(async () => {
    const usage = await findUsage('node-a', '/orders/{orderId}');
    expect(usage?.callers).toMatchObject({ 'ci/ci-runner': 8 });
    expect(await operationsOf('node-a', 'orders')).toEqual(['GET /orders', 'GET /orders/{orderId}']);
  });
});

test('a policy names the parameters of its templates, and what it denies is counted', async () => {
  const rules = [
    {
      name: 'read',
      action: 'Allow',
      from: [{ serviceAccount: 'frontend' }],
      to: [{ path: '/orders/{number:int}' }],
    },
  ];
  await sandbox.apply([apiPolicy('orders', { target: { services: ['orders'] }, mode: 'Enforce', rules })]);
  await eventuallyAsync(async () => {
    expect((await curl(sandbox, RUNNER, 'http://orders.shop/orders/7')).status).toBe(403);
    const usage = await findUsage('node-a', '/orders/{number}');
    expect(usage?.denied).toBeGreaterThan(0);
    expect(usage?.callers).toMatchObject({
      'ci/ci-runner': expect.any(Number),
      'shop/frontend': expect.any(Number),
    });
    expect(await findUsage('node-a', '/orders/{orderId}')).toBeUndefined();
  });
});
