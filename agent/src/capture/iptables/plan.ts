import { CHAIN, type ChainRules, type Rules, type Table } from './rules.ts';
import { lineOf, meaningOf, parseSaved, type SavedRule, type SavedTable } from './save-text.ts';

/**
 * What to feed to `iptables-restore --noflush` so that a table has exactly `desired` as our chain, hooked first from
 * OUTPUT and from nowhere else, or nothing of ours when `desired` is null. Null when it is so already. The restore is one
 * transaction, and names nothing but our chain and jumps to it.
 *
 * `saved` is the text of `iptables-save`; empty for a namespace in which nobody can have been before.
 */
export function planTable(table: Table, desired: ChainRules | null, saved: string): string | null {
  const current = parseSaved(saved, table);
  const jumps = current.rules.filter(isJump);
  if (desired === null) {
    if (jumps.length === 0 && !current.chains.has(CHAIN)) return null;
    return transaction(table, [...jumps.map(deletion), `-F ${CHAIN}`, `-X ${CHAIN}`], true);
  }
  const chainIsRight = hasRules(current, desired.rules);
  const areJumpsRight = isHookedFirst(current, desired.jumps);
  if (chainIsRight && areJumpsRight) return null;
  return transaction(
    table,
    [
      ...(chainIsRight ? [] : desired.rules.map((words) => `-A ${CHAIN} ${lineOf(words)}`)),
      ...(areJumpsRight ? [] : [...jumps.map(deletion), ...desired.jumps.map(insertion)]),
    ],
    chainIsRight,
  );
}

/** Declaring a chain empties it, in the same transaction that fills it again. */
function transaction(table: Table, lines: readonly string[], keepChain = false): string {
  const chain = keepChain ? [] : [`:${CHAIN} - [0:0]`];
  return [`*${table}`, ...chain, ...lines, 'COMMIT', ''].join('\n');
}

const isJump = ({ words }: SavedRule): boolean =>
  words.some((word, at) => (word === '-j' || word === '-g') && words[at + 1] === CHAIN);

const deletion = ({ chain, words }: SavedRule): string => `-D ${chain} ${lineOf(words)}`;

const insertion = (words: readonly string[], at: number): string => `-I OUTPUT ${at + 1} ${lineOf(words)}`;

function hasRules({ chains, rules }: SavedTable, desired: Rules): boolean {
  const ours = rules.filter(({ chain }) => chain === CHAIN);
  return (
    chains.has(CHAIN) &&
    ours.length === desired.length &&
    ours.every(({ words }, index) => meaningOf(words) === meaningOf(desired[index] ?? []))
  );
}

function isHookedFirst({ rules }: SavedTable, desired: Rules): boolean {
  const first = rules.filter(({ chain }) => chain === 'OUTPUT').slice(0, desired.length);
  return (
    rules.filter(isJump).length === desired.length &&
    desired.every((words, at) => meaningOf(words) === meaningOf(first[at]?.words ?? []))
  );
}
