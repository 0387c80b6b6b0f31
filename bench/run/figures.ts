import { median, spread } from '../measure/statistics.ts';

/** What one round measured; a figure is missing where the scenario or the subject has none. */
export interface Figures {
  readonly cpu_us_per_request?: number;
  readonly rps?: number;
  readonly p50_us?: number;
  readonly p99_us?: number;
  /** Beyond what the same takes without anything between. */
  readonly added_p50_us?: number;
  readonly added_p99_us?: number;
  readonly rss_kib?: number;
  /** Growth while idle connections were opened, by their number. */
  readonly rss_kib_per_connection?: number;
}

export type FigureName = keyof Figures;

export const FIGURE_NAMES: readonly FigureName[] = [
  'cpu_us_per_request',
  'rps',
  'p50_us',
  'p99_us',
  'added_p50_us',
  'added_p99_us',
  'rss_kib',
  'rss_kib_per_connection',
];

/** What stands between adds to what the same round took without it. */
export const added = (figures: Figures, direct: Figures): Figures => ({
  ...figures,
  ...difference('added_p50_us', figures.p50_us, direct.p50_us),
  ...difference('added_p99_us', figures.p99_us, direct.p99_us),
});

const difference = (name: FigureName, all: number | undefined, direct: number | undefined): Figures =>
  all === undefined || direct === undefined ? {} : { [name]: Math.max(0, all - direct) };

/** Medians over the rounds, and how far the rounds lie apart as a fraction of them. */
export interface Summary {
  readonly figures: Figures;
  readonly spread: Figures;
  readonly rounds: readonly Figures[];
}

export const summarise = (rounds: readonly Figures[]): Summary => ({
  figures: perFigure((name) => over(rounds, name, median)),
  spread: perFigure((name) => over(rounds, name, spread)),
  rounds,
});

/**
 * Figure by figure, how many times as much one has as the other; 1 is equal. The median of what each round says: a machine
 * that is twice as fast in one round than in the next is that for both, so that this moves less than the ratio of medians.
 */
export function ratio(rounds: readonly Figures[], to: readonly Figures[]): Figures {
  const ratios = rounds.map((mine, round) => ratioOf(mine, to[round] ?? {}));
  return perFigure((name) => over(ratios, name, median));
}

const ratioOf = (figures: Figures, to: Figures): Figures =>
  perFigure((name) => {
    const [mine, theirs] = [figures[name], to[name]];
    return mine === undefined || !theirs ? undefined : mine / theirs;
  });

function over(
  rounds: readonly Figures[],
  name: FigureName,
  reduce: (values: readonly number[]) => number,
): number | undefined {
  const values = rounds.map((round) => round[name]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : reduce(values);
}

function perFigure(value: (name: FigureName) => number | undefined): Figures {
  const entries = FIGURE_NAMES.map((name) => [name, value(name)] as const);
  return Object.fromEntries(entries.filter(([, figure]) => figure !== undefined));
}
