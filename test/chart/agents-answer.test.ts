import { describe, expect, it } from 'vitest';
import { agentThat, runScript } from './hook-script.ts';

const agent = (statuses: Readonly<Record<string, number>>) =>
  agentThat((request, response) => {
    response.writeHead(statuses[request.url ?? ''] ?? 404).end('waiting for cluster\n');
  });

const run = (port: number) => runScript('agents-answer.mjs', '127.0.0.1', port);

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
