import type { Sequence } from '../../record/finding.ts';
import type { Paint } from './colour.ts';
import { age } from './text.ts';

const ROWS = 8;
/** Bars that fit beside the scale on a terminal of 80 columns. */
const MAX_BARS = 60;
const EIGHTHS = ['', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Draws a sequence as bars over time, with the lines of what is usual and of where it is an alarm. */
export function chart(sequence: Sequence, paint: Paint): string[] {
  const values = sequence.values.slice(-MAX_BARS);
  const marked = sequence.marked.slice(-MAX_BARS);
  const top = Math.max(1, ...values, sequence.threshold ?? 0, sequence.baseline ?? 0);
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
  if (holds(threshold)) return { name: `alarm ${round(threshold ?? 0)}`, mark: '╌' };
  return holds(baseline) ? { name: `usual ${round(baseline ?? 0)}`, mark: '┄' } : null;
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
  return `${paint('dim', `${unit} per ${age(stepMs)}, the last ${age(bars * stepMs)}`)}${standing}`;
}
