import { choosePaint, type Paint } from './format/colour.ts';
import { ProgressLine } from './progress-line.ts';

/** What a command writes to and reads from; tests give their own. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  /** What is being waited for, on a line that goes away again; null when nothing is. Only on a terminal. */
  progress(text: string | null): void;
  readonly paint: Paint;
  /** Characters that a line has room for. */
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Where nobody says how wide it is, as in a pipe. */
const USUAL_COLUMNS = 80;

/** Exit codes: `usage` is a command that was written wrongly, `partial` an answer of some agents and not of others. */
export const EXIT = { ok: 0, failed: 1, usage: 2, partial: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function processTerminal(): Terminal {
  // `eastwall tail | head` closes our output: that is an ending, not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exitCode = EXIT.ok;
    process.emit('SIGINT');
  });
  const line = new ProgressLine(process.stderr);
  return {
    out: (text) => {
      line.show(null);
      process.stdout.write(text);
    },
    error: (text) => {
      line.show(null);
      process.stderr.write(text);
    },
    progress: (text) => line.show(text),
    paint: choosePaint(process.stdout.isTTY ?? false, process.env),
    get columns() {
      return process.stdout.columns || USUAL_COLUMNS;
    },
    env: process.env,
    now: Date.now,
  };
}
