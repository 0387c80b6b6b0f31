import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import {
  formatProblem,
  type Problem,
  parseApiPolicy,
  parseEgressPolicy,
  parseGuardProfile,
  type Result,
} from '@eastwall/policy';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildProgram } from '../../agent/src/cli/program.ts';
import { ROOT } from './imports.ts';

/** What people read and type in: links lead somewhere, commands exist, policies are accepted as they stand. */

const pages = globSync(['*.md', 'docs/**/*.md', 'bench/*.md'], { cwd: ROOT });
const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

interface Fence {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const fencesOf = (page: string): Fence[] =>
  [...textOf(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    page,
    language,
    text,
  }));
const fences = pages.flatMap(fencesOf);
const proseOf = (page: string): string => textOf(page).replace(/^```.*?^```$/gms, '');

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): Set<string> =>
  new Set(
    [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

describe('links', () => {
  const links = pages.flatMap((page) =>
    [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, to = '']) => ({ page, to }))
      .filter(({ to }) => !/^[a-z]+:/.test(to)),
  );

  it('are there', () => expect(links.length).toBeGreaterThan(50));

  it.each(links)('$page → $to', ({ page, to }) => {
    const [path = '', anchor] = to.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path));
    expect(existsSync(join(ROOT, target)), `${target} is not there`).toBe(true);
    if (anchor !== undefined) expect([...anchorsOf(target)]).toContain(anchor);
  });

  it('lead from the index to every page of docs', () => {
    const index = textOf('docs/README.md');
    const named = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
    expect(named.filter((page) => !index.includes(`(${page.slice('docs/'.length)})`))).toEqual([]);
  });
});

describe('policies', () => {
  const PARSERS: Readonly<Record<string, (object: unknown) => Result<unknown, Problem[]>>> = {
    ApiPolicy: parseApiPolicy,
    EgressPolicy: parseEgressPolicy,
    GuardProfile: parseGuardProfile,
  };
  const objects = fences
    .filter(({ language, text }) => language === 'yaml' && text.includes('apiVersion: eastwall.dev/'))
    .map(({ page, text }) => ({ page, object: parse(text, { version: '1.1' }) }));

  it('are there', () => expect(objects.length).toBeGreaterThan(8));

  it.each(objects)('$page: $object.kind $object.metadata.name', ({ object }) => {
    const parsed = PARSERS[object.kind]?.(object);
    expect(parsed?.ok === false ? parsed.error.map(formatProblem) : []).toEqual([]);
    expect(parsed?.ok).toBe(true);
  });
});

describe('commands', () => {
  const lines = fences
    .filter(({ language }) => language === 'sh')
    .flatMap(({ page, text }) =>
      text.split('\n').map((line) => ({ page, line: line.replace(/\s#.*$|"\$\(.*\)"/g, '').trim() })),
    );
  const beginning = (pattern: RegExp) =>
    lines.flatMap(({ page, line }) => {
      const found = pattern.exec(line);
      return found === null ? [] : [{ page, line: found[1]?.trim() ?? '' }];
    });

  it.each(beginning(/^make (.*)$/))('$page: make $line', ({ line }) => {
    const targets = textOf('Makefile').match(/^[a-z-]+(?=:)/gm) ?? [];
    expect(targets).toContain(line.split(' ').find((word) => !word.includes('=')));
  });

  it.each(beginning(/(?:^|-- )(?:npx )?eastwall (?!sandbox)(.*)$/))('$page: eastwall $line', ({ line }) => {
    const [name, ...words] = line.split(/\s+/);
    let command: Command | undefined = buildProgram({ code: 0 }).commands.find(
      (known) => known.name() === name,
    );
    expect(command, `no command \`${name}\``).toBeDefined();
    for (const word of words) {
      const inner = command?.commands.find((known) => known.name() === word);
      if (inner !== undefined) command = inner;
      if (!word.startsWith('-')) continue;
      const flags = command?.options.flatMap(({ short, long }) => [short, long]) ?? [];
      expect([...flags, '--help']).toContain(word.split('=')[0]);
    }
  });

  it.each(beginning(/^(helm (?:install|upgrade) .*)$/))('$page: $line', ({ line }) => {
    const values = parse(textOf('deploy/chart/values.yaml'));
    for (const [, path = ''] of line.matchAll(/--set(?:-string)? ([\w.]+)=/g)) {
      const [first = '', ...rest] = path.split('.');
      // Settings have no defaults in the chart: the agent's own hold.
      if (first === 'settings') continue;
      const found = [first, ...rest].reduce((value, key) => value?.[key], values);
      expect(found, `no value \`${path}\``).toBeDefined();
    }
    expect(statSync(join(ROOT, 'deploy/chart')).isDirectory()).toBe(true);
  });
});
