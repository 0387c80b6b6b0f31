import type { Scenario } from '../load/scenarios.ts';
import { type Figures, ratio, type Summary } from './figures.ts';
import type { Machine } from './machine.ts';

export interface ScenarioResult {
  readonly name: string;
  readonly what: string;
  readonly rounds: number;
  readonly subjects: Readonly<Record<string, Summary>>;
  /** `ratios.eastwall.haproxy.cpu_us_per_request`: eastwall's figure by HAProxy's. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, Figures>>>>;
}

/** What `results/latest.json` holds. */
export interface Results {
  readonly time: string;
  readonly machine: Machine;
  readonly seconds_per_round: number;
  readonly policies: number;
  readonly scenarios: readonly ScenarioResult[];
}

export function scenarioResult(
  { name, what }: Pick<Scenario, 'name' | 'what'>,
  rounds: number,
  summaries: ReadonlyMap<string, Summary>,
): ScenarioResult {
  const ratiosOf = (one: Summary, own: string) =>
    Object.fromEntries(
      [...summaries]
        .filter(([name]) => name !== own)
        .map(([name, other]) => [name, ratio(one.rounds, other.rounds)]),
    );
  return {
    name,
    what,
    rounds,
    subjects: Object.fromEntries(summaries),
    ratios: Object.fromEntries([...summaries].map(([name, one]) => [name, ratiosOf(one, name)])),
  };
}

/** The column that others are compared with. */
const BASELINE = 'haproxy';

interface Column {
  readonly title: string;
  readonly text: (name: string, result: ScenarioResult) => string | undefined;
}

const figure =
  (name: keyof Figures, format: (value: number) => string) => (subject: string, result: ScenarioResult) => {
    const value = result.subjects[subject]?.figures[name];
    return value === undefined ? undefined : format(value);
  };

const COLUMNS: readonly Column[] = [
  { title: 'subject', text: (subject) => subject },
  { title: 'CPU µs/req', text: figure('cpu_us_per_request', (value) => value.toFixed(1)) },
  {
    title: 'spread',
    text: (subject, { subjects, rounds }) => {
      if (rounds === 1) return undefined;
      const value = subjects[subject]?.spread.cpu_us_per_request;
      return value === undefined ? undefined : `${(value * 100).toFixed(0)} %`;
    },
  },
  {
    title: `× ${BASELINE}`,
    text: (subject, { ratios }) => ratios[subject]?.[BASELINE]?.cpu_us_per_request?.toFixed(2),
  },
  { title: 'req/s', text: figure('rps', (value) => value.toFixed(0)) },
  { title: 'p50 µs', text: figure('p50_us', (value) => value.toFixed(0)) },
  { title: 'p99 µs', text: figure('p99_us', (value) => value.toFixed(0)) },
  { title: '+p50 µs', text: figure('added_p50_us', (value) => value.toFixed(0)) },
  { title: '+p99 µs', text: figure('added_p99_us', (value) => value.toFixed(0)) },
  { title: 'RSS MiB', text: figure('rss_kib', (value) => (value / 1024).toFixed(0)) },
  { title: 'KiB/conn', text: figure('rss_kib_per_connection', (value) => value.toFixed(1)) },
];

/** One scenario as a plain text table; columns that nobody has a figure for are left out. */
export function table(result: ScenarioResult): string {
  const subjects = Object.entries(result.subjects)
    .filter(([, { figures }]) => Object.keys(figures).length > 0)
    .map(([name]) => name);
  const columns = COLUMNS.map(({ title, text }) => ({
    title,
    cells: subjects.map((subject) => text(subject, result) ?? ''),
  })).filter(({ cells }) => cells.some((cell) => cell !== ''));
  const padded = columns.map(({ title, cells }, at) => {
    const width = Math.max(title.length, ...cells.map((cell) => cell.length));
    return [title, ...cells].map((cell) => (at === 0 ? cell.padEnd(width) : cell.padStart(width)));
  });
  const rows = [-1, ...subjects.keys()].map((row) =>
    padded
      .map((column) => column[row + 1])
      .join('  ')
      .trimEnd(),
  );
  return [`${result.name}: ${result.what} (median of ${result.rounds})`, ...rows, ''].join('\n');
}
