import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './imports.ts';

const MAX_LINES = 400;

const files = globSync(
  [
    '{agent,policy,bench,test,scripts,deploy}/**/*.ts',
    '{agent,policy}/**/*.js',
    'scripts/*.sh',
    '**/*.md',
    '*.json',
    'Makefile',
  ],
  { cwd: ROOT, exclude: ['**/node_modules', '.runtime', 'agent/dist', 'bench/results'] },
);
const code = files.filter((file) => /\.(ts|js|sh)$/.test(file) && !file.includes('/generated/'));
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('the files of the repository', () => {
  it('are there', () => {
    expect(code.length).toBeGreaterThan(0);
  });

  it(`stay under ${MAX_LINES} lines`, () => {
    expect(code.filter((file) => textOf(file).split('\n').length > MAX_LINES)).toEqual([]);
  });

  it('have kebab-case names', () => {
    expect(code.filter((file) => !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(basename(file)))).toEqual([]);
  });

  it('name tests that are there', () => {
    const named = textOf('docs/failure-modes.md').match(/`[a-z0-9/.-]+\.(test|case)\.ts`/g) ?? [];
    expect(named.length).toBeGreaterThan(0);
    expect(named.map((path) => path.slice(1, -1)).filter((path) => !files.includes(path))).toEqual([]);
  });

  it('point only at what is in the repository', () => {
    // Joined here, so that this file does not find itself.
    const outside = ['..', 'shared'].join('/');
    expect(files.filter((file) => textOf(file).includes(outside))).toEqual([]);
  });
});
