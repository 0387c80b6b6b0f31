import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Check } from '../../agent/src/preflight/check.ts';
import { NEEDED_CAPABILITIES } from '../../agent/src/preflight/privileges.ts';

const COMMAND = join(import.meta.dirname, '../../agent/bin/eastwall.js');

/** A kube API where nobody is. */
const KUBECONFIG = stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'me', user: { token: 'none' } }],
  contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'me' } }],
  'current-context': 'gone',
});

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'eastwall-preflight-'));
  writeFileSync(join(home, 'config'), KUBECONFIG);
});

afterAll(() => rmSync(home, { recursive: true }));

/** In namespaces of its own; `prepare` makes `$DIR` there what a runtime's directory would be. */
function preflight(prepare: string, before: readonly string[] = [], namespaces = '-Urnmpf') {
  const directory = join(home, 'netns');
  const flags = [
    '--netns-dir',
    directory,
    '--run-dir',
    join(home, 'run'),
    '--kubeconfig',
    join(home, 'config'),
  ];
  const script = `set -e; mkdir -p "$DIR"; ${prepare}; exec "$@"`;
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [
      namespaces,
      '--kill-child',
      '--mount-proc',
      ...['sh', '-c', script, 'sh'],
      ...before,
      ...[process.execPath, COMMAND, 'preflight', '-o', 'json', ...flags],
    ],
    { encoding: 'utf8', env: { ...process.env, DIR: directory }, timeout: 90_000 },
  );
  if (stdout === '') throw new Error(stderr);
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };
  const state = (name: string) => checks.find((check) => check.name === name)?.state;
  return { status, checks, state };
}

const POD = 'mount -t tmpfs none "$DIR"; touch "$DIR/pod"; mount --bind /proc/self/ns/net "$DIR/pod"';

describe('eastwall preflight', () => {
  it('is content with a pod that has what the chart gives it', () => {
    const { status, state } = preflight(`${POD}; mount --make-shared "$DIR"`);
    expect(['capabilities', 'namespaces', 'redirect', 'run directory', 'setpriv'].map(state)).toEqual(
      Array(5).fill('ok'),
    );
    // An agent waits for its kube API.
    expect([status, state('kube API')]).toEqual([0, 'warning']);
  });

  it.runIf(process.getuid?.() === 0)(
    'is content with root that has the chart’s capabilities and no other',
    () => {
      const kept = NEEDED_CAPABILITIES.map(({ name }) => `+${name.toLowerCase()}`).join();
      const { status, checks } = preflight(
        `${POD}; mount --make-shared "$DIR"`,
        ['setpriv', `--bounding-set=-all,${kept}`, '--inh-caps=-all', '--'],
        '-nmpf',
      );
      expect([status, checks.filter(({ state }) => state === 'fatal')]).toEqual([0, []]);
    },
  );

  it('finds out that what is mounted later would not come', () => {
    const { status, checks } = preflight(POD);
    expect(status).toBe(1);
    expect(checks.filter(({ state }) => state === 'fatal')).toEqual([
      expect.objectContaining({ name: 'namespaces', todo: expect.stringContaining('HostToContainer') }),
    ]);
  });

  it('finds out that the runtime keeps namespaces elsewhere', () => {
    const { status, state } = preflight('mount -t tmpfs none "$DIR"; mount --make-shared "$DIR"');
    expect([status, state('namespaces')]).toEqual([0, 'warning']);
  });

  it('does not try the kernel out without the privilege to', () => {
    const { status, state } = preflight(`${POD}; mount --make-shared "$DIR"`, [
      'setpriv',
      '--bounding-set=-sys_admin',
      '--inh-caps=-sys_admin',
      '--',
    ]);
    expect([status, state('capabilities'), state('redirect')]).toEqual([1, 'fatal', undefined]);
  });
});
