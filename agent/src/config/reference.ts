import { flagOf, SETTING_NAMES, SETTINGS, variableOf } from './table.ts';

/** The page `docs/reference/settings.md`, from the table alone. */
export function settingsPage(): string {
  const rows = SETTING_NAMES.map((name) => {
    const { fallback, doc } = SETTINGS[name];
    const shown = fallback === '' ? 'empty' : `\`${fallback}\``;
    return `| \`--${flagOf(name)}\` | \`${variableOf(name)}\` | ${shown} | ${doc} |`;
  });
  return `${INTRODUCTION}
| Flag | Variable | Default | What it does |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const INTRODUCTION = `<!-- Generated from agent/src/config/table.ts by scripts/generate-settings.ts; do not edit. -->
# Settings of the agent

\`eastwall agent\` reads each setting from its flag, else from its environment variable, else takes the default.
Durations are a number with \`ms\`, \`s\`, \`m\` or \`h\`; sizes are bytes or a number with \`KiB\`, \`MiB\` or \`GiB\`.
All settings are checked before anything starts, and all problems are shown at once.
`;
