import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { userConfig } from './user-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'eastwall-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  vi.stubEnv('HOME', folder);
  return () => vi.unstubAllEnvs();
});

/** A kubeconfig that names its context, cluster and user alike, and the path of its file. */
function file(name: string, server: string, current = name): string {
  const path = join(folder, `${name}-${server}`);
  const text = {
    apiVersion: 'v1',
    kind: 'Config',
    ...(current !== '' && { 'current-context': current }),
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: `https://${server}` } }],
    users: [{ name, user: { token: server } }],
  };
  writeFileSync(path, JSON.stringify(text));
  return path;
}

/** The server that `KUBECONFIG` of these files leads to. */
function server(...files: readonly string[]): string | undefined {
  vi.stubEnv('KUBECONFIG', files.join(':'));
  return userConfig({}).getCurrentCluster()?.server;
}

describe('KUBECONFIG', () => {
  const one = file('one', 'a');
  const two = file('two', 'b');
  const missing = join(folder, 'nowhere');

  it('of several files means the context of the first that names one, as with kubectl', () => {
    expect(server(one, two)).toBe('https://a');
    expect(server(two, one)).toBe('https://b');
    expect(server(file('three', 'c', ''), one)).toBe('https://a');
    vi.stubEnv('KUBECONFIG', `${one}:${two}`);
    expect(userConfig({ context: 'two' }).getCurrentCluster()?.server).toBe('https://b');
  });

  it('may name the same twice: what is said first holds', () => {
    expect(server(one, file('one', 'other'), one)).toBe('https://a');
  });

  it('passes over files that are not there, unless there is none', () => {
    expect(server('', missing, one)).toBe('https://a');
    expect(() => server(missing)).toThrow(`kubeconfig \`${missing}\`: there is no such file`);
  });

  it('says which file can not be read', () => {
    const broken = join(folder, 'broken');
    writeFileSync(broken, 'clusters: [');
    expect(() => server(one, broken)).toThrow(`kubeconfig \`${broken}\`: `);
  });

  it('without a name in it is none', () => {
    expect(() => server('', '')).toThrow('no kubeconfig');
  });
});
