import type { Sequence } from '../../record/finding.ts';
import type { Paint } from './colour.ts';
import { age } from './text.ts';

const ROWS = 8;
/** Bars that fit beside the scale on a terminal of 80 columns; more are no easier to read. */
const MAX_BARS = 60;
/** Fewer show nothing, on whatever terminal. */
const MIN_BARS = 10;
const EIGHTHS = ['', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/**
 * Draws a sequence as bars over time, with the lines of what is usual and of where it is an alarm. Where the terminal has too
 * few `columns` for them, several steps are one bar.
 */
export function chart(whole: Sequence, paint: Paint, columns: number): string[] {
  const sequence = fitted(whole, columns);
  const { values, marked } = sequence;
  const top = topOf(sequence);
  const scale = top / ROWS;
  const rows = Array.from({ length: ROWS }, (_, at) => {
    const from = (ROWS - 1 - at) * scale;
    const line = lineAt(sequence, from, scale);
    const cells = values.map((value, bar) =>
      cell({ value, marked: marked[bar] ?? 0, from, scale, line }, paint),
    );
    return `${label(from + scale, at, top)} ${cells.join('')}${line === null ? '' : paint('dim', ` ${line.name}`)}`;
  });
  return [...rows, axis(values.length, sequence, paint)];
}

const topOf = ({ values, threshold, baseline }: Sequence): number =>
  Math.max(1, ...values, threshold ?? 0, baseline ?? 0);

/** The last bars, as many steps in each as it takes for them to fit. */
function fitted(sequence: Sequence, columns: number): Sequence {
  const last = {
    ...sequence,
    values: sequence.values.slice(-MAX_BARS),
    marked: sequence.marked.slice(-MAX_BARS),
  };
  for (let steps = 1; ; steps++) {
    const joined = joinedBy(last, steps);
    const bars = joined.values.length;
    if (bars <= MIN_BARS || bars + besideOf(joined) <= columns) return joined;
  }
}

/** Columns that the scale and the names of the lines take. */
function besideOf(sequence: Sequence): number {
  const top = topOf(sequence);
  const rows = Array.from({ length: ROWS }, (_, at) => lineAt(sequence, (at * top) / ROWS, top / ROWS));
  return round(top).length + 1 + Math.max(...rows.map((line) => (line === null ? 0 : line.name.length + 1)));
}

/** So many steps together, counted from the newest. */
function joinedBy({ values, marked, baseline, threshold, ...rest }: Sequence, steps: number): Sequence {
  const join = (of: readonly number[]): number[] =>
    Array.from({ length: Math.ceil(of.length / steps) }, (_, at) => {
      const end = of.length - at * steps;
      return of.slice(Math.max(0, end - steps), end).reduce((sum, value) => sum + value, 0);
    }).reverse();
  const times = (value: number | null): number | null => (value === null ? null : value * steps);
  return {
    ...rest,
    stepMs: rest.stepMs * steps,
    values: join(values),
    marked: join(marked),
    baseline: times(baseline),
    threshold: times(threshold),
  };
}

interface Line {
  readonly name: string;
  readonly mark: string;
}

interface Cell {
  readonly value: number;
  readonly marked: number;
  /** The value at the row's lower edge, and its height. */
  readonly from: number;
  readonly scale: number;
  readonly line: Line | null;
}

function lineAt({ baseline, threshold }: Sequence, from: number, scale: number): Line | null {
  const holds = (value: number | null) => value !== null && value > from && value <= from + scale;
  const usual = holds(baseline) ? [`usual ${round(baseline ?? 0)}`] : [];
  if (holds(threshold)) return { name: [`alarm ${round(threshold ?? 0)}`, ...usual].join(', '), mark: '╌' };
  return usual[0] === undefined ? null : { name: usual[0], mark: '┄' };
}

/** What stands out is drawn first, from the bottom. */
function cell({ value, marked, from, scale, line }: Cell, paint: Paint): string {
  const eighths = Math.max(0, Math.min(8, Math.ceil(((value - from) / scale) * 8)));
  if (eighths === 0) return line === null ? ' ' : paint('dim', line.mark);
  return paint(marked > from ? 'red' : 'cyan', EIGHTHS[eighths] ?? ' ');
}

const label = (value: number, row: number, top: number): string =>
  (row % 2 === 0 || row === ROWS - 1 ? round(value) : '').padStart(round(top).length);

const round = (value: number): string => `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)}`;

function axis(bars: number, { stepMs, unit, marked }: Sequence, paint: Paint): string {
  const standing = marked.some((count) => count > 0) ? `, ${paint('red', '█')} of them unexplained` : '';
  return `${paint('dim', `${unit} per ${age(stepMs)}, the ${age(bars * stepMs)} to the last sign`)}${standing}`;
}
