import { execFile } from 'node:child_process';

/** A program and its arguments: never a line for a shell. */
export type Argv = readonly [string, ...string[]];

export interface RunOptions {
  /** Written to the program's standard input, which is closed after it. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The program is killed when it takes longer. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_OUTPUT = 1024 * 1024;

/** Runs a helper program to its end and returns what it printed; throws with its own words when it fails. */
export function run(argv: Argv, options: RunOptions = {}): Promise<string> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT,
        ...(options.env === undefined ? {} : { env: options.env }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`\`${argv.join(' ')}\`: ${stderr.trim() || error.message}`, { cause: error }));
      },
    );
    // A program that ends without reading its input breaks the pipe; its exit code says what went wrong.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** Whether the program ran and ended with 0. */
export const succeeds = (argv: Argv, options: RunOptions = {}): Promise<boolean> =>
  run(argv, options).then(
    () => true,
    () => false,
  );
