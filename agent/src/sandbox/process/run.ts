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
        else reject(new Error(failure(argv, error, stderr), { cause: error }));
      },
    );
    // A program that ends without reading its input breaks the pipe; its exit code says what went wrong.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** Debian's package for each program that a sandbox runs. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  mount: 'mount',
  umount: 'mount',
  'iptables-restore': 'iptables',
  'ip6tables-restore': 'iptables',
};

function failure(argv: Argv, error: Error & { code?: unknown }, stderr: string): string {
  const missing = /^\w+: failed to execute (\S+): No such file/.exec(stderr.trim())?.[1];
  const program = error.code === 'ENOENT' ? argv[0] : missing;
  if (program === undefined) return `\`${argv.join(' ')}\`: ${stderr.trim() || error.message}`;
  return `\`${program}\` is not installed; package \`${PACKAGES[program] ?? 'util-linux'}\` has it`;
}

/** Whether the program ran and ended with 0. */
export const succeeds = (argv: Argv, options: RunOptions = {}): Promise<boolean> =>
  run(argv, options).then(
    () => true,
    () => false,
  );
