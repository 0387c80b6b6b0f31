import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAudit } from '../../scripts/audit-answer.ts';
import { type Lockfile, npmInventory } from '../../scripts/image/npm-inventory.ts';
import { ROOT } from './imports.ts';

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const lock = JSON.parse(textOf('package-lock.json')) as Lockfile;
const { components } = npmInventory(lock, 'agent', { os: 'linux', cpu: 'x64' });

/** Licences that let us pass a package on with ours, without terms for what it is put together with. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Unlicense',
]);

/**
 * Packages that run on a node, ours included. Some 70 are for @kubernetes/client-node, of which the bundle keeps what
 * reads a kubeconfig and speaks HTTP. Each is somebody whom we trust with root on every node: raise it knowingly.
 */
const MAX_PACKAGES = 105;
/** Of these, the ones that we have chosen. */
const MAX_CHOSEN = 13;

describe('what runs on a node', () => {
  it('is under licences that we know', () => {
    const others = components.filter(({ licenses }) => !ALLOWED.has(licenses?.[0].expression ?? ''));
    expect(others.map(({ name, licenses }) => `${name}: ${licenses?.[0].expression}`)).toEqual([]);
  });

  it('comes from no more packages than we have looked at', () => {
    expect(components.length).toBeGreaterThan(50);
    expect(components.length).toBeLessThanOrEqual(MAX_PACKAGES);
    expect(Object.keys(lock.packages['agent']?.dependencies ?? {}).length).toBeLessThanOrEqual(MAX_CHOSEN);
  });

  it('is pinned: one version each of what we have chosen, and a hash for what comes from the registry', () => {
    const chosen = Object.values({
      ...lock.packages['agent']?.dependencies,
      ...lock.packages['policy']?.dependencies,
    });
    expect(chosen.filter((range) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([]);
    const own = ['eastwall', '@eastwall/policy'];
    const unhashed = components.filter(({ name, hashes }) => hashes === undefined && !own.includes(name));
    expect(unhashed.map(({ name }) => name)).toEqual([]);
  });
});

describe('npm’s audit', () => {
  it('is clean when nothing is known', () => {
    expect(readAudit('{"auditReportVersion":2,"vulnerabilities":{}}')).toEqual({ kind: 'clean' });
  });

  it('names what something is known against', () => {
    const vulnerabilities = { ws: { name: 'ws', severity: 'high', range: '<8.17.1' } };
    expect(readAudit(JSON.stringify({ vulnerabilities }))).toEqual({
      kind: 'vulnerable',
      packages: ['ws <8.17.1 (high)'],
    });
  });

  it.each([
    ['{"message":"405 Method Not Allowed","statusCode":405}', '405 Method Not Allowed'],
    ['', 'npm says nothing that can be read'],
    ['null', 'npm says nothing that can be read'],
  ])('is not done when the registry does not answer: %s', (text, reason) => {
    expect(readAudit(text)).toEqual({ kind: 'unanswered', reason });
  });
});

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly permissions?: unknown;
  readonly jobs: Readonly<
    Record<
      string,
      { readonly permissions?: unknown; readonly uses?: string; readonly steps?: readonly Step[] }
    >
  >;
}

const WORKFLOWS = globSync('.github/workflows/*.yml', { cwd: ROOT });

describe.each(WORKFLOWS)('%s', (file) => {
  const workflow = parse(textOf(file)) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps ?? []);

  it('uses actions by their commit, and says which version that is', () => {
    const lines = textOf(file)
      .split('\n')
      .filter((line) => line.includes('uses: ') && !line.includes('uses: ./'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('has no right that a job has not asked for', () => {
    expect(workflow.permissions).toEqual({});
    for (const { permissions } of Object.values(workflow.jobs)) expect(permissions).toBeDefined();
  });

  it('runs what there is', () => {
    const commands = steps.map(({ run = '' }) => run).join('\n');
    const targets = [...commands.matchAll(/\bmake ([a-z-]+)/g)].map(([, target]) => target);
    expect(targets.filter((target) => !textOf('Makefile').includes(`\n${target}: ##`))).toEqual([]);
    const files = [...commands.matchAll(/(?<=^|\s)((?:\.ci|scripts|deploy)\/[\w./-]+)/gm)].map(
      ([, path = '']) => path,
    );
    expect(files.filter((path) => globSync(path, { cwd: ROOT }).length === 0)).toEqual([]);
  });
});
