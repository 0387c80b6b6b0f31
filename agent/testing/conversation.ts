import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One read: what a side has sent. */
export interface Said {
  readonly by: 'caller' | 'upstream';
  readonly bytes: Uint8Array;
}

export interface Conversation {
  readonly name: string;
  readonly said: readonly Said[];
}

const CORPUS = join(import.meta.dirname, 'corpus');
const COMMENT = '#';
const SIDES = { '>': 'caller', '<': 'upstream' } as const;
const MARKS = { caller: '>', upstream: '<' } as const;

/**
 * The conversations that are kept for a parser: what real software has said (the first line tells which), and what broke
 * something once. A line is a read: `>` from the caller or `<` from upstream, then JSON of Latin-1 text or hexadecimal.
 */
export function corpus(kind: string): Conversation[] {
  const directory = join(CORPUS, kind);
  return readdirSync(directory)
    .filter((file) => file.endsWith('.txt'))
    .map((file) => ({ name: file.slice(0, -4), said: parse(readFileSync(join(directory, file), 'utf8')) }));
}

/** Adds one that broke something to those that are kept. Returns its file. */
export function keep(kind: string, said: readonly Said[], why: string): string {
  const lines = said.map(({ by, bytes }) => `${MARKS[by]} ${Buffer.from(bytes).toString('hex')}`);
  const text = `${lines.join('\n')}\n`;
  const name = `found-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.txt`;
  const file = join(CORPUS, kind, name);
  writeFileSync(file, `${COMMENT} ${why}\n${text}`);
  return file;
}

function parse(text: string): Said[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(COMMENT))
    .map((line) => {
      const by = SIDES[line[0] as keyof typeof SIDES];
      const form = line.slice(2);
      const bytes = form.startsWith('"') ? Buffer.from(JSON.parse(form), 'latin1') : Buffer.from(form, 'hex');
      return { by, bytes: Uint8Array.from(bytes) };
    });
}
