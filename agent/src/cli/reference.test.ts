import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildProgram } from './program.ts';
import { commandsPage } from './reference.ts';
import { EXIT } from './terminal.ts';

const program = buildProgram({ code: EXIT.ok });
const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('the documentation of commands', () => {
  it('is what docs/reference/cli.md shows (`node scripts/generate-cli.ts` writes it)', () => {
    expect(commandsPage(program)).toBe(read('docs/reference/cli.md'));
  });

  it.each(['README.md', 'docs/cli.md', 'docs/findings.md', 'docs/apis.md'])(
    '%s names commands and flags that there are',
    (page) => {
      const lines = read(page).matchAll(/(?:^|`|\s)(?:npx |kubectl )?eastwall ([a-z][^`\n|#;()]*)/gm);
      for (const [, line = ''] of lines) {
        const words = line.trim().split(/\s+/);
        const command = program.commands.find((one) => one.name() === words[0]);
        if (command === undefined) continue;
        for (const flag of words.filter((word) => /^--?[a-z]/i.test(word))) {
          const name = flag.replace(/=.*/, '');
          const known = [command, ...command.commands].flatMap(({ options }) => options);
          expect(
            known.flatMap(({ short, long }) => [short, long]),
            `\`${line}\``,
          ).toContain(name);
        }
      }
    },
  );
});

it('has an exit code for each way to end, as docs/cli.md says', () => {
  const page = read('docs/cli.md');
  const codes = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT).sort());
});
