import { readdirSync, readFileSync } from 'node:fs';
import { reap } from '../../kernel/libc-wait.ts';

/**
 * What loses its parent becomes a child of the first process of the PID namespace, which has to reap it: a command in a
 * container, say, whose `nsenter` was killed because a probe took too long. Libuv reaps only what it has started. What
 * is not reaped would keep the container's own PID namespace, so that a container that was killed would never end.
 */
export function reapOrphans(everyMs = 1_000): NodeJS.Timeout {
  let before: ReadonlySet<string> = new Set();
  return setInterval(() => {
    const dead = deadChildren();
    // INVARIANT: what libuv has started it reaps between two looks, as soon as it is dead; the rest is nobody's.
    for (const [id, pid] of dead) if (before.has(id)) reap(pid);
    before = new Set(dead.keys());
  }, everyMs).unref();
}

/** Numbers of our children that have ended, by number and time of birth: numbers come round again. */
function deadChildren(): Map<string, number> {
  const dead = new Map<string, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [state, parent, birth] = statOf(name);
    if (state === 'Z' && parent === String(process.pid)) dead.set(`${name} ${birth}`, Number(name));
  }
  return dead;
}

/** State, parent and time of birth; nothing of a process that has gone meanwhile. */
function statOf(pid: string): readonly (string | undefined)[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything, blanks too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [fields[0], fields[1], fields[19]];
  } catch {
    return [];
  }
}
