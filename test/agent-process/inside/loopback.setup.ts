import { execFileSync } from 'node:child_process';

/** A new network namespace has nothing but a loopback interface that is down. */
export function setup(): void {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
}
