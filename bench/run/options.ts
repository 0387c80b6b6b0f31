import { parseArgs } from 'node:util';
import { SCENARIOS, type Scenario } from '../load/scenarios.ts';
import type { Subject } from '../subjects/subject.ts';
import { SUBJECTS } from '../subjects/subjects.ts';

export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly scenarios: readonly Scenario[];
  readonly subjects: readonly Subject[];
}

const DEFAULTS = { rounds: '5', seconds: '4' };

/**
 * `[--rounds n] [--seconds n] [name…]`, where names are of scenarios and of subjects; none of a kind is all of it.
 * Throws with what it did not understand.
 */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: DEFAULTS.rounds },
      seconds: { type: 'string', default: DEFAULTS.seconds },
    },
  });
  const known = [...SCENARIOS, ...SUBJECTS].map(({ name }) => name);
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`\`${unknown}\` is none of ${known.join(', ')}`);
  return {
    rounds: positive('--rounds', values.rounds),
    seconds: positive('--seconds', values.seconds),
    scenarios: named(SCENARIOS, positionals),
    subjects: named(SUBJECTS, positionals),
  };
}

function named<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[],
): readonly T[] {
  const chosen = all.filter(({ name }) => names.includes(name));
  return chosen.length === 0 ? all : chosen;
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${flag} \`${text}\`: not a whole number above 0`);
  return value;
}
