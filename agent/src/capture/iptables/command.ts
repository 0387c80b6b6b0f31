import { spawn } from 'node:child_process';
import { err, ok, type Result } from '../../kernel/result.ts';

/** A tool that hangs (a lock, a stuck kernel) must not hold up the other namespaces. */
const DEADLINE_MS = 10_000;
const MAX_OUTPUT = 4 << 20;
const MAX_COMPLAINT = 300;

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly input?: string;
}

/**
 * Starts a program with an argument vector, never through a shell, in the netns that the calling thread is in at this
 * moment; what it prints is awaited later. The error is the first lines it complained with.
 */
export function run({ program, args, input = '' }: Command): Promise<Result<string, string>> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
    env: {
      PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      // The agent's root file system may be read-only, and the lock would be of this mount namespace anyway.
      XTABLES_LOCKFILE: '/dev/null',
    },
  });
  const output: string[] = [];
  let size = 0;
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    size += text.length;
    if (size > MAX_OUTPUT) child.kill('SIGKILL');
    else output.push(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, MAX_COMPLAINT);
  });
  // A program that ends without reading its input says why with its exit code.
  child.stdin.on('error', () => {}).end(input);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(err(`can't run \`${program}\`: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(ok(output.join('')));
      else
        resolve(
          err(`\`${program}\` failed (${signal ?? code}): ${complaint.trim().replace(/\s*\n\s*/g, ' · ')}`),
        );
    });
  });
}
