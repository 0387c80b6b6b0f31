import type { Check } from '../../preflight/check.ts';
import type { Paint } from './colour.ts';

const COLOURS = { ok: 'green', warning: 'yellow', fatal: 'red' } as const;

/** One line per check, what to do about it below, and how it ends. */
export function preflightText(checks: readonly Check[], paint: Paint): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, state, found, todo }) => [
    `${paint(COLOURS[state], state.padEnd(7))}  ${name.padEnd(width)}  ${found}`,
    ...(todo === null ? [] : [`${' '.repeat(11 + width)}→ ${todo}`]),
  ]);
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const [fatal, warnings] = [count('fatal'), count('warning')];
  const end =
    fatal > 0
      ? `An agent can't work here: ${fatal} of ${checks.length} checks failed.`
      : `An agent can work here${warnings > 0 ? `, with ${warnings} restriction${warnings > 1 ? 's' : ''}` : ''}.`;
  return `${lines.join('\n')}\n\n${end}\n`;
}
