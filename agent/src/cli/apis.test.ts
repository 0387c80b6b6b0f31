import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { aUsage } from '../../testing/operation-usage.ts';
import { anAsking } from '../../testing/terminal.ts';
import { type AdminSources, adminRoutes } from '../admin/routes.ts';
import type { OperationUsage } from '../record/operation-usage.ts';
import { Catalog } from '../sinks/catalog.ts';
import { type ApisOptions, apis } from './apis.ts';
import { EXIT } from './terminal.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** An agent's admin socket with only a catalog behind it. */
async function anAgent(usages: readonly OperationUsage[], forgotten = 0): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'eastwall-apis-'));
  const socket = join(directory, 'admin.sock');
  const catalog = new Catalog(100);
  catalog.add(0, { moves: [], usages, forgotten });
  const routes = adminRoutes({ catalog } as unknown as AdminSources);
  const server: Server = createServer((request, response) => {
    void routes(new URL(request.url ?? '/', 'http://agent')).then((reply) => {
      if ('body' in reply) response.writeHead(reply.status).end(reply.body);
    });
  });
  await new Promise<void>((done) => server.listen(socket, done));
  closing.push(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return socket;
}

async function run(sockets: readonly string[], options: ApisOptions = {}) {
  const { asking, written } = anAsking(sockets);
  const code = await apis(asking, options);
  return { ...written, code };
}

const USAGES = [
  aUsage({ namespace: '', service: 'api.example.com', port: 443, kind: 'tls', method: '', template: '' }),
  aUsage({ method: 'POST', template: '/orders', statuses: [0, 0, 3, 0, 2, 1], calls: 6, denied: 2 }),
  aUsage({ callers: { 'shop/frontend': 3, 'ci/a': 1, 'ci/b': 2, 'ci/c': 1 } }),
  aUsage({ service: 'gate', template: '/graphql', name: 'getOrders', otherCalls: 9 }),
  aUsage({ kind: 'probes', method: '', template: '', calls: 1, callers: { 'ci/runner': 50 } }),
];

test('shows the operations of all agents as one, by service and path', async () => {
  const sockets = [await anAgent(USAGES), await anAgent([aUsage({ callers: { 'shop/checkout': 1 } })], 3)];
  expect(await run(sockets)).toEqual({
    code: EXIT.ok,
    error: '',
    out: [
      'NAMESPACE   SERVICE               METHOD   OPERATION            CALLERS   CALLS   2XX   4XX   5XX   LAST-SEEN',
      'shop        gate:80               GET      /graphql getOrders   >64       1       1     0     0     30s',
      'shop        orders:80             POST     /orders              1         6       3     2     1     30s',
      'shop        orders:80             GET      /orders/{orderId}    5         2       2     0     0     30s',
      '-           api.example.com:443   TLS      (not read)           1         1       1     0     0     30s',
      '1 request to shop/orders:80 showed no operation, from ci/runner',
      '3 operations were forgotten for want of room (`--max-operations`)',
      '',
    ].join('\n'),
  });
});

test('more columns, and who calls most', async () => {
  const { out } = await run([await anAgent(USAGES)], { output: 'wide', for: 'shop/orders' });
  expect(out.split('\n')[0]).toMatch(/LAST-SEEN +DENIED +PROTOCOL +SENT +RECEIVED +FIRST-SEEN +STATE +WHO$/);
  expect(out).toMatch(/POST .* 2 +http1 +100B +200B +60s +new +shop\/frontend\n/);
  expect(out).toMatch(/new +shop\/frontend, ci\/b, ci\/a, 1 more\n/);
});

test.each<[ApisOptions, number]>([
  [{ namespace: 'shop' }, 3],
  [{ namespace: 'ci' }, 0],
  [{ namespace: 'ci', allNamespaces: true }, 4],
  [{ for: 'orders' }, 2],
  [{ for: 'ci/orders' }, 0],
  [{ for: 'shop/' }, 3],
  [{ for: 'api.example.com' }, 1],
])('%j selects %i operations', async (options, count) => {
  const { out } = await run([await anAgent(USAGES)], { ...options, output: 'json' });
  expect(JSON.parse(out).operations).toHaveLength(count);
});

test('for programs, as JSON and YAML', async () => {
  const socket = await anAgent(USAGES);
  const { out } = await run([socket], { output: 'json', for: 'orders' });
  expect(JSON.parse(out)).toMatchObject({
    operations: [
      {
        method: 'POST',
        state: 'new',
        statuses: { '2xx': 3, '4xx': 2 },
        firstSeen: '2026-01-02T03:04:05.000Z',
      },
      { template: '/orders/{orderId}' },
    ],
    probes: [{ calls: 1 }],
    forgotten: 0,
  });
  expect((await run([socket], { output: 'yaml', for: 'gate' })).out).toContain('template: /graphql\n');
});

test('nothing a caller sends moves the cursor, and an agent that does not answer is an error', async () => {
  const socket = await anAgent([aUsage({ method: 'G\u001b[2J' })]);
  const { out, error, code } = await run([socket, '/nowhere.sock']);
  expect(out).toContain('G\\x1b[2J');
  expect(error).toContain('agent at /nowhere.sock');
  expect(code).toBe(EXIT.partial);
  expect((await run(['/nowhere.sock'])).code).toBe(EXIT.failed);
  expect((await run([await anAgent([])])).out).toBe('no operations seen\n');
});
