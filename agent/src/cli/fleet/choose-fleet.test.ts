import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseFleet, choosesSandbox, type FleetFlags, type Surroundings } from './choose-fleet.ts';

describe('whom a command asks', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ew-choice-'));
  const sandboxDir = join(directory, 'sandbox');
  const socket = join(sandboxDir, 'nodes', 'node-a', 'run', 'admin.sock');
  let server: Server;
  beforeAll(async () => {
    mkdirSync(join(socket, '..'), { recursive: true });
    server = createServer();
    await new Promise<void>((done) => server.listen(socket, done));
  });
  afterAll(() => {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The kind, and the sockets or the context. */
  function choice(flags: Partial<FleetFlags>, around: Partial<Surroundings> = {}) {
    const chosen = chooseFleet(
      { socket: [], ...flags },
      { env: { HOME: directory }, sandboxDir: '/nowhere', plugin: false, ...around },
    );
    if (chosen.kind === 'sockets') return [chosen.kind, ...chosen.find()];
    return chosen.kind === 'kube' ? [chosen.kind, chosen.choice.context] : [chosen.kind];
  }
  const env = (more: Record<string, string>) => ({ env: { HOME: directory, ...more } });

  it('is what flags say, before all else', () => {
    const around = { ...env({ EASTWALL_SOCKET: '/e', EASTWALL_CONTEXT: 'prod' }), plugin: true };
    expect(choice({ socket: ['/a'] }, around)).toEqual(['sockets', '/a']);
    expect(choice({ context: 'test' }, around)).toEqual(['kube', 'test']);
    expect(choice({ kubeconfig: '/k' }, env({ EASTWALL_SOCKET: '/e' }))).toEqual(['kube', undefined]);
    expect(choice({ node: 'a' }, { sandboxDir })).toEqual(['kube', undefined]);
    expect(choice({ socket: ['/a'], context: 'test' })).toEqual(['conflict']);
  });

  it('is a cluster for a plugin of kubectl', () => {
    expect(choice({}, { ...env({ EASTWALL_SOCKET: '/e' }), plugin: true, sandboxDir })).toEqual([
      'kube',
      undefined,
    ]);
  });

  it('is what the environment says, then what is on this machine, then the cluster of kubectl', () => {
    const all = { EASTWALL_SOCKET: '/e', EASTWALL_CONTEXT: 'prod', KUBECONFIG: '/k' };
    expect(choice({}, { ...env(all), sandboxDir })).toEqual(['sockets', '/e']);
    expect(choice({}, { ...env({ ...all, EASTWALL_SOCKET: '' }), sandboxDir })).toEqual(['kube', 'prod']);
    expect(choice({}, { ...env({ KUBECONFIG: '/k' }), sandboxDir })).toEqual(['sockets', socket]);
    expect(choice({}, env({ KUBECONFIG: '/k' }))).toEqual(['kube', undefined]);
    expect(choice({}, env({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }))).toEqual(['kube', undefined]);
    expect(choice({})).toEqual(['none']);
  });

  it('is a sandbox only where nothing says otherwise', () => {
    const sandbox = { ...env({ KUBECONFIG: '/k' }), sandboxDir, plugin: false };
    expect(choosesSandbox({}, sandbox)).toBe(true);
    expect(choosesSandbox({}, { ...sandbox, sandboxDir: '/nowhere' })).toBe(false);
    expect(choosesSandbox({ context: 'test' }, sandbox)).toBe(false);
    expect(choosesSandbox({ kubeconfig: '/k' }, sandbox)).toBe(false);
    expect(choosesSandbox({}, { ...sandbox, plugin: true })).toBe(false);
    expect(choosesSandbox({}, { ...sandbox, ...env({ EASTWALL_CONTEXT: 'prod' }) })).toBe(false);
  });

  it('is asked about sockets that are named also where nothing is, the first time', () => {
    const chosen = chooseFleet({ socket: ['/nowhere', socket] }, { env: {}, sandboxDir: '/', plugin: false });
    const found = chosen.kind === 'sockets' ? [chosen.find(), chosen.find()] : [];
    expect(found).toEqual([['/nowhere', socket], [socket]]);
  });
});
