/** Reads the output of `iptables-save`. */

export interface SavedRule {
  readonly chain: string;
  readonly words: readonly string[];
}

export interface SavedTable {
  readonly chains: ReadonlySet<string>;
  /** In the order of the tool, which is the order of each chain. */
  readonly rules: readonly SavedRule[];
}

/** A table that the text does not have is an empty one; lines that are no chain and no rule are skipped. */
export function parseSaved(text: string, table: string): SavedTable {
  const chains = new Set<string>();
  const rules: SavedRule[] = [];
  let here = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) here = line === `*${table}`;
    else if (!here) continue;
    else if (line.startsWith(':')) chains.add(line.slice(1).split(' ', 1)[0] ?? '');
    else if (line.startsWith('-A ')) {
      const [, chain = '', ...words] = wordsOf(line);
      rules.push({ chain, words });
    }
  }
  return { chains, rules };
}

/** Words as the tools quote them: double quotes round the whole word, backslash before a quote or a backslash. */
export function wordsOf(line: string): string[] {
  return Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g), (match) =>
    match[1] === undefined ? match[0] : match[1].replace(/\\(.)/g, '$1'),
  );
}

/** The reverse of `wordsOf`. */
export function lineOf(words: readonly string[]): string {
  return words
    .map((word) => (/[^\w.,:/!=+-]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word))
    .join(' ');
}

/**
 * One text for all the ways to write the same rule: the tools name modules that are implied, and write `--syn` as the
 * flags it stands for. Options keep their order, which the tools do not change.
 */
export function meaningOf(words: readonly string[]): string {
  const meaning: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '-m') at++;
    else if (word === '--syn') meaning.push('--tcp-flags', 'FIN,SYN,RST,ACK', 'SYN');
    else meaning.push(word);
  }
  return JSON.stringify(meaning);
}
