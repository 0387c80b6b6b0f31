import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { aFinding } from '../../testing/findings.ts';
import { anAsking } from '../../testing/terminal.ts';
import { type AdminSources, adminRoutes } from '../admin/routes.ts';
import { FindingLog } from '../sinks/finding-log.ts';
import { findings, showFinding, watchFindings } from './findings.ts';
import { EXIT } from './terminal.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** An agent's admin socket with only findings behind it. */
async function anAgent() {
  const directory = mkdtempSync(join(tmpdir(), 'eastwall-findings-'));
  const socket = join(directory, 'admin.sock');
  const log = new FindingLog({ capacity: 10, maxSubscribers: 2 });
  const routes = adminRoutes({ findings: log } as unknown as AdminSources);
  const server: Server = createServer((request, response) => {
    void routes(new URL(request.url ?? '/', 'http://agent')).then((reply) => {
      if ('stream' in reply) reply.stream(response);
      else response.writeHead(reply.status).end(reply.body);
    });
  });
  await new Promise<void>((done) => server.listen(socket, done));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { log, socket };
}

test('shows the findings of all agents, the newest first, and says which agent does not answer', async () => {
  const [one, two] = [await anAgent(), await anAgent()];
  const { asking, written } = anAsking([one.socket, two.socket, '/nowhere.sock']);
  one.log.append([aFinding({ id: 'ef-1' })]);
  two.log.append([
    aFinding({ id: 'ef-2', lastSeen: Date.UTC(2026, 0, 2, 3, 5, 0), action: 'block', count: 40 }),
  ]);
  const code = await findings(asking, {});
  expect(code).toBe(EXIT.partial);
  expect(written.error).toContain('/nowhere.sock');
  expect(written.out.split('\n').map((line) => line.split(/ {3,}/))).toMatchObject([
    ['LAST', 'SEVERITY', 'DETECTION', 'CALLER', 'DESTINATION', 'OPERATION', 'COUNT', 'STATE', 'ID'],
    [
      '5s',
      'high',
      'object-enumeration',
      'shop/frontend',
      'shop/orders:80',
      'GET /orders/{orderId}',
      '40',
      'open, block',
      'ef-2',
    ],
    [
      '30s',
      'high',
      'object-enumeration',
      'shop/frontend',
      'shop/orders:80',
      'GET /orders/{orderId}',
      '1',
      'open',
      'ef-1',
    ],
    [''],
  ]);
});

test('filters by namespace, and gives JSON', async () => {
  const { log, socket } = await anAgent();
  const { asking, written } = anAsking([socket]);
  log.append([aFinding({ id: 'ef-1' }), aFinding({ id: 'ef-2', destination: 'pay/ledger:80' })]);
  expect(await findings(asking, { namespace: 'pay', output: 'json' })).toBe(EXIT.ok);
  expect(JSON.parse(written.out)).toMatchObject({ findings: [{ id: 'ef-2' }] });
});

test('shows one finding with its picture, what it means and what to do', async () => {
  const { log, socket } = await anAgent();
  const { asking, written } = anAsking([socket]);
  const sequence = { unit: 'ids', stepMs: 10_000, values: [1, 9], marked: [0, 9], baseline: 1, threshold: 5 };
  log.append([aFinding({ sequence })]);
  expect(await showFinding(asking, { id: 'ef-1' })).toBe(EXIT.ok);
  for (const part of [
    'asked for 25 orders',
    '█',
    'alarm 5',
    'unexplained: 25',
    'OWASP API1:2023',
    'eastwall explain ew-1',
  ])
    expect(written.out).toContain(part);
  expect(await showFinding(asking, { id: 'ef-9' })).toBe(EXIT.failed);
  expect(written.error).toContain('no finding `ef-9`');
});

test('nothing in a finding can move the cursor of who reads it', async () => {
  const { log, socket } = await anAgent();
  const { asking, written } = anAsking([socket]);
  log.append([aFinding({ operation: 'GET /\u001b[2J', explanation: 'a\u001b]0;b' })]);
  await findings(asking, { output: 'wide' });
  await showFinding(asking, { id: 'ef-1' });
  expect(written.out).not.toContain('\u001b');
});

test('-w follows: what there is, then each change', async () => {
  const { log, socket } = await anAgent();
  const ending = new AbortController();
  const { asking, written } = anAsking([socket], ending);
  log.append([aFinding({ count: 1 })]);
  const watching = watchFindings(asking, {});
  await vi.waitFor(() => expect(written.out).toContain('  1  open'));
  log.append([aFinding({ count: 7, state: 'resolved' })]);
  await vi.waitFor(() => expect(written.out).toContain('  7  resolved'));
  ending.abort();
  expect(await watching).toBe(EXIT.ok);
});
