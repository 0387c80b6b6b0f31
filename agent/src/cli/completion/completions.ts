import type { Command, Option } from 'commander';

interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** Said instead of candidates where the name of a file belongs. */
const FILES = ':files';
/** Forms of a value that are names of files, by what the option calls them. */
const FILE_FORMS = /<(?:path|file|dir|topology)>/;

/**
 * What may stand in place of the last of `words`, the begun one: a line each, the word, a tab, and what it means. From
 * nothing but the tree of commands, so it is true of every command there is.
 */
export function completionsOf(program: Command, words: readonly string[]): string {
  // Bash takes `--output=js` apart.
  const [current = '', ...before] = words.filter((word) => word !== '=').toReversed();
  const [option, begun, glued] = splitValue(current, before[0] ?? '');
  const command = commandOf(program, before.toReversed());
  const taking = optionNamed(command, option);
  if (taking !== undefined && takesValue(taking)) return values(taking, begun, glued);
  const candidates = current.startsWith('-')
    ? flagsOf(command)
    : [...commandsOf(command), ...choicesOf(command)];
  return linesOf(candidates, current);
}

/** The option whose value is being written, what is written of it, and what stands before that in the same word. */
function splitValue(current: string, previous: string): readonly [string, string, string] {
  const equals = current.indexOf('=');
  if (!current.startsWith('--') || equals < 0) return [previous, current, ''];
  return [current.slice(0, equals), current.slice(equals + 1), current.slice(0, equals + 1)];
}

function values({ argChoices, flags }: Option, begun: string, glued: string): string {
  if (argChoices === undefined) return FILE_FORMS.test(flags) ? `${FILES}\n` : '';
  return linesOf(
    argChoices.map((word) => ({ word: `${glued}${word}`, about: '' })),
    glued + begun,
  );
}

function linesOf(candidates: readonly Candidate[], begun: string): string {
  return candidates
    .filter(({ word }) => word.startsWith(begun))
    .map(({ word, about }) => `${word}\t${about}\n`)
    .join('');
}

/** The innermost command that the words before name. */
function commandOf(program: Command, words: readonly string[]): Command {
  let command = program;
  let skip = false;
  for (const word of words) {
    const option: Option | undefined = skip ? undefined : optionNamed(command, word);
    if (!skip && !word.startsWith('-'))
      command = command.commands.find((inner) => inner.name() === word) ?? command;
    skip = option !== undefined && takesValue(option);
  }
  return command;
}

const optionNamed = (command: Command, word: string): Option | undefined =>
  command.options.find(({ short, long }) => word !== '' && (word === short || word === long));

const takesValue = ({ required, optional }: Option): boolean => required || optional;

const commandsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((inner) => ({ word: inner.name(), about: inner.description() }));

const choicesOf = (command: Command): Candidate[] =>
  command.registeredArguments.flatMap(({ argChoices = [] }) =>
    argChoices.map((word) => ({ word, about: '' })),
  );

const flagsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .map(({ long, short, description }) => ({ word: long ?? short ?? '', about: description }));
