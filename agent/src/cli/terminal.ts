import { choosePaint, type Paint } from './format/colour.ts';

/** What a command writes to and reads from; tests give their own. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  readonly paint: Paint;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Exit codes, as kubectl has them: 2 is a command that was written wrongly. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function processTerminal(): Terminal {
  // `eastwall tail | head` closes our output: that is an ending, not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exitCode = EXIT.ok;
    process.emit('SIGINT');
  });
  return {
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
    paint: choosePaint(process.stdout.isTTY ?? false, process.env),
    env: process.env,
    now: Date.now,
  };
}
