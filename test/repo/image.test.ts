import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './imports.ts';

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const dockerfile = textOf('deploy/image/Dockerfile');

describe('the Dockerfile', () => {
  it('copies what there is', () => {
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('has the manifest of every workspace', () => {
    const { workspaces } = JSON.parse(textOf('package.json')) as { readonly workspaces: readonly string[] };
    for (const workspace of workspaces)
      expect(dockerfile).toContain(`COPY ${workspace}/package.json ${workspace}/`);
  });

  it('builds with the Node that everything else runs on', () => {
    const version = /^NODE_VERSION=(\S+)$/m.exec(textOf('scripts/setup.sh'))?.[1];
    expect(dockerfile).toContain(`library/node:${version}-`);
  });
});
