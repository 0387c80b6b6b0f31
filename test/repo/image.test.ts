import { existsSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './imports.ts';

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const dockerfile = textOf('deploy/image/Dockerfile');
const instructions = dockerfile
  .replace(/^#.*\n/gm, '')
  .replaceAll('\\\n', '')
  .split('\n')
  .filter((line) => line !== '');

/** What the build and the set-up make: a fresh checkout has none of it. */
const MADE = ['agent/dist', 'node_modules/', '.runtime/'];

const copied = instructions
  .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
  .flatMap((line) => line.split(' ').slice(1, -1));

describe('the Dockerfile', () => {
  it('copies what there is', () => {
    expect(copied.length).toBeGreaterThan(5);
    const kept = copied.filter((path) => !MADE.some((prefix) => path.startsWith(prefix)));
    expect(kept.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('copies what .dockerignore lets through', () => {
    const admitted = textOf('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    expect(copied.filter((path) => !admitted.includes(path))).toEqual([]);
  });

  it('begins with a base by its digest, and ends with nothing but what is copied', () => {
    expect(dockerfile).toMatch(/^ARG BASE_IMAGE=\S+:bookworm-slim@sha256:[0-9a-f]{64}$/m);
    const bases = instructions.filter((line) => line.startsWith('FROM '));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the variable is Docker's.
    expect(bases).toEqual(['FROM ${BASE_IMAGE} AS parts', 'FROM scratch']);
    const last = instructions.slice(instructions.indexOf('FROM scratch') + 1);
    expect(last.filter((line) => /^(RUN|ADD)/.test(line))).toEqual([]);
    expect(last.filter((line) => line.startsWith('COPY'))).toEqual(['COPY --from=parts /image /']);
  });

  it('takes the Node that the set-up pins, for either architecture', () => {
    const pattern = copied.find((path) => path.startsWith('.runtime/')) ?? '';
    for (const arch of ['x64', 'arm64'])
      expect(matchesGlob(`.runtime/node_modules/node-linux-${arch}/bin/node`, pattern)).toBe(true);
    expect(textOf('scripts/setup.sh')).toContain('"node-linux-$arch@$NODE_VERSION"');
  });

  it('installs nothing that is merely recommended', () => {
    const installs = dockerfile.match(/apt-get install[^&|}]*/g) ?? [];
    expect(installs.length).toBeGreaterThan(0);
    for (const install of installs) expect(install).toContain('--no-install-recommends');
  });
});
