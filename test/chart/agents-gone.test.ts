import { describe, expect, it } from 'vitest';
import { agentThat, runScript } from './hook-script.ts';

const run = (host: string, port: number, patienceSeconds: number) =>
  runScript('agents-gone.mjs', host, port, patienceSeconds);

describe('the hook of an uninstall', () => {
  it('waits until every agent has left its pods', async () => {
    let asked = 0;
    const port = await agentThat((_, response) => {
      asked++;
      response.writeHead(asked < 3 ? 503 : 200).end('leaving\n');
    });
    expect(await run('127.0.0.1', port, 60)).toEqual([0, 'no agent has anything in a pod']);
    expect(asked).toBe(3);
  });

  it('fails in the end, and says which agent has not and why', async () => {
    const port = await agentThat((_, response) => {
      response.writeHead(503).end('rules are left behind: EPERM\n');
    });
    expect(await run('127.0.0.1', port, 0)).toEqual([1, '127.0.0.1: rules are left behind: EPERM']);
    expect(await run('127.0.0.1', 1, 0)).toEqual([1, expect.stringContaining('127.0.0.1 does not answer')]);
  });
});
