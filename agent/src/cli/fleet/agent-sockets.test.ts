import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findSockets } from './agent-sockets.ts';

describe('findSockets', () => {
  const servers: Server[] = [];
  const sandboxDir = mkdtempSync(join(tmpdir(), 'eastwall-sockets-'));
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    rmSync(sandboxDir, { recursive: true, force: true });
  });

  async function node(name: string, listens: boolean): Promise<string> {
    const run = join(sandboxDir, 'nodes', name, 'run');
    mkdirSync(run, { recursive: true });
    const path = join(run, 'admin.sock');
    if (!listens) return path;
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return path;
  }

  it('takes what it is told before anything it could find', () => {
    const env = { EASTWALL_SOCKET: '/c,/d' };
    expect(findSockets({ given: ['/a', '/b'], env, sandboxDir })).toEqual(['/a', '/b']);
    expect(findSockets({ given: [], env, sandboxDir })).toEqual(['/c', '/d']);
  });

  it('finds every node of a sandbox whose agent has opened its socket', async () => {
    const second = await node('node-2', true);
    const first = await node('node-1', true);
    await node('node-3', false);
    expect(findSockets({ given: [], env: {}, sandboxDir })).toEqual([first, second]);
  });

  it('finds nothing where there is no sandbox', () => {
    expect(findSockets({ given: [], env: {}, sandboxDir: '/nonexistent' })).toEqual([]);
  });
});
