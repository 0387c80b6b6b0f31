import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release } from 'node:os';

/** Where the figures come from: they compare with each other, never with another machine's. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
  /** Of the minute before; well above 0 means that others disturbed the run. */
  readonly load_average: number;
  readonly peers: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    kernel: release(),
    node: process.version,
    commit: firstMatch('git', ['describe', '--always', '--dirty'], /(.+)/),
    load_average: loadavg()[0] ?? 0,
    peers: {
      haproxy: firstMatch('haproxy', ['-v'], /version (\S+)/),
      nginx: firstMatch('nginx', ['-v'], /nginx\/(\S+)/),
      wrk: firstMatch('wrk', ['-v'], /wrk (\S+)/),
    },
  };
}

/** Some programs say their version on standard error, and some end with an error after it. */
function firstMatch(program: string, args: readonly string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}
