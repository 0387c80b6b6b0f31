import type { Argument, Command, Option } from 'commander';

/** The page `docs/reference/cli.md`, from the tree of commands alone. */
export function commandsPage(program: Command): string {
  return `${INTRODUCTION}\n${inner(program)
    .flatMap((command) => sections(command, program.name()))
    .join('\n')}`;
}

const INTRODUCTION = `<!-- Generated from the command line by scripts/generate-cli.ts; do not edit. -->
# Commands

What \`eastwall --help\` and \`eastwall <command> --help\` say. How agents are found, exit codes and examples:
[the command line](../cli.md). As a plugin of kubectl, the same is \`kubectl eastwall <command>\`.
`;

/** These take every setting of the agent, which have a page of their own. */
const WITH_SETTINGS: ReadonlySet<string> = new Set(['agent', 'preflight']);

function sections(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  return [section(command, name), ...inner(command).flatMap((child) => sections(child, name))];
}

const inner = (command: Command): Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help');

function section(command: Command, name: string): string {
  const usage = [name, ...command.registeredArguments.map(argumentText)].join(' ');
  const settings = WITH_SETTINGS.has(command.name());
  const flags = settings ? command.options.filter(({ long }) => long === '--output') : command.options;
  return [
    `## ${name}`,
    '',
    `\`${usage}\`: ${command.description()}.`,
    '',
    ...command.registeredArguments.map((one) => row(argumentText(one), one.description, one.argChoices)),
    ...flags.map((option) => row(option.flags, option.description, option.argChoices, fallbackOf(option))),
    ...(settings ? ['- and [every setting of the agent](settings.md)'] : []),
    '',
  ]
    .join('\n')
    .replace(/\n{3,}/g, '\n\n');
}

const argumentText = (argument: Argument): string =>
  argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;

function row(name: string, about: string, choices: readonly string[] = [], fallback = ''): string {
  const one = choices.length === 0 ? '' : `: ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
  return `- \`${name}\`: ${about}${one}${fallback}`.replace(/: : /, ': ');
}

function fallbackOf({ defaultValue, defaultValueDescription = defaultValue }: Option): string {
  return typeof defaultValueDescription === 'string' ? ` (default: ${defaultValueDescription})` : '';
}
