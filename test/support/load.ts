import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { SandboxHandle } from '../../agent/src/sandbox/start-sandbox.ts';
import { eventually } from './eventually.ts';

export interface WrkResult {
  readonly requests: number;
  readonly connect: number;
  readonly read: number;
  readonly write: number;
  readonly timeout: number;
  /** Answers other than 2xx and 3xx. */
  readonly badStatus: number;
}

export const NOTHING_FAILED = { connect: 0, read: 0, write: 0, timeout: 0, badStatus: 0 };

export interface WrkLoad {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
}

/** wrk over kept connections, in a pod, for so many seconds. */
export async function wrk(
  sandbox: SandboxHandle,
  pod: string,
  { url, seconds, connections }: WrkLoad,
): Promise<WrkResult> {
  const args = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', url];
  const { stdout, stderr } = await sandbox.exec(pod, args, { timeoutMs: (seconds + 30) * 1_000 });
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? 0);
  const requests = number(/(\d+) requests in/);
  if (requests === 0) throw new Error(`wrk got no answer: ${stdout}${stderr}`);
  return {
    requests,
    connect: number(/connect (\d+)/),
    read: number(/read (\d+)/),
    write: number(/write (\d+)/),
    timeout: number(/timeout (\d+)/),
    badStatus: number(/Non-2xx or 3xx responses: (\d+)/),
  };
}

/** Runs of wrk one after the other, until they are stopped. */
export class KeptWrk implements AsyncDisposable {
  readonly #runs: Promise<WrkResult[]>;
  #wanted = true;

  constructor(sandbox: SandboxHandle, pod: string, load: WrkLoad) {
    this.#runs = (async () => {
      const results: WrkResult[] = [];
      while (this.#wanted) results.push(await wrk(sandbox, pod, load));
      return results;
    })();
  }

  /** What each run has come to, once the last one is over. */
  stop(): Promise<WrkResult[]> {
    this.#wanted = false;
    return this.#runs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** A process in a pod that prints lines until it is stopped. */
export class Lines implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
  }

  static async of(sandbox: SandboxHandle, pod: string, command: readonly string[]): Promise<Lines> {
    return new Lines(await sandbox.spawn(pod, command, { stdio: ['ignore', 'pipe', 'ignore'] }));
  }

  /** One curl after the other, each with a connection of its own; a line is `<status> <exit code>`. */
  static curls(sandbox: SandboxHandle, pod: string, url: string): Promise<Lines> {
    const curl = `curl -s -m 60 -o /dev/null -w '%{http_code} %{exitcode}\\n' ${url}`;
    return Lines.of(sandbox, pod, ['sh', '-c', `while :; do ${curl}; done`]);
  }

  /** How many there are of each line. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...Map.groupBy(this.lines, (line) => line)].map(([line, all]) => [line, all.length]),
    );
  }

  /** Waits for so many more of a line. */
  async more(line: string, count: number): Promise<void> {
    const before = this.counts[line] ?? 0;
    await eventually(() => {
      const now = this.counts[line] ?? 0;
      if (now < before + count)
        throw new Error(`${now - before} of ${count} more '${line}': ${JSON.stringify(this.counts)}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
