import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CHART } from './helm.ts';

const SCRIPT = readFileSync(join(CHART, 'files/agents-answer.mjs'), 'utf8');
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function agent(statuses: Readonly<Record<string, number>>): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(statuses[request.url ?? ''] ?? 404).end('waiting for cluster\n');
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** As the chart's test pod runs it. */
async function run(port: number): Promise<[code: number, output: string]> {
  const args = ['--input-type=module', '-e', SCRIPT, '127.0.0.1', String(port)];
  const child = spawn(process.execPath, args, { timeout: 30_000 });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number];
  return [code, output.trim()];
}

describe('helm test', () => {
  it('passes when every agent is ready and keeps its metrics to itself', async () => {
    expect(await run(await agent({ '/readyz': 200, '/metrics': 401 }))).toEqual([0, '1 agents are ready']);
  });

  it('says which agent is not', async () => {
    expect(await run(await agent({ '/readyz': 503, '/metrics': 401 }))).toEqual([
      1,
      '127.0.0.1 is not ready: waiting for cluster',
    ]);
    expect((await run(await agent({ '/readyz': 200, '/metrics': 200 })))[1]).toContain('without a token');
    expect((await run(1))[0]).toBe(1);
  });
});
