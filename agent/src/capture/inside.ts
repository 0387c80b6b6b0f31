import { closeSync, statSync, writeSync } from 'node:fs';
import { errnoText } from '../kernel/errno.ts';
import type { Fd } from '../kernel/libc.ts';
import { abortProcess, openThreadNetns, setNetns, unshareNetns } from '../kernel/libc-namespaces.ts';
import { err, ok, type Result } from '../kernel/result.ts';

/**
 * The only place where a thread of the agent leaves its own network namespace. What runs inside is synchronous, and
 * returns its expected failures as values.
 *
 * INVARIANT: a thread that can't be proven to be home again ends the process. Everything it did next (connections
 * to the kube API, DNS, metrics) would happen in a tenant's namespace.
 */
export class NetnsDoor {
  readonly home: { readonly fd: Fd; readonly inode: number };

  /** Made on the thread that will use it, while that thread is home. */
  constructor() {
    this.home = openThreadNetns();
  }

  /** Runs `work` in the netns behind `target`. The error is the reason why it could not be entered. */
  inside<T>(target: Fd, work: () => T): Result<T, string> {
    const entered = setNetns(target);
    if (entered < 0) return err(`can't enter the namespace: ${errnoText(entered)}`);
    return ok(this.#workAndReturn(work));
  }

  /** A new empty netns, which lives as long as the descriptor. The error is why this agent may not make one. */
  scratch(): Result<Fd, string> {
    const made = unshareNetns();
    if (made < 0) return err(`can't make a namespace: ${errnoText(made)}`);
    return ok(this.#workAndReturn(() => openThreadNetns().fd));
  }

  close(): void {
    closeSync(this.home.fd);
  }

  #workAndReturn<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      lost('an exception inside a namespace', error);
      throw error;
    } finally {
      const returned = setNetns(this.home.fd);
      if (returned < 0 || statSync('/proc/thread-self/ns/net').ino !== this.home.inode) {
        lost('no way home from a namespace', errnoText(returned));
      }
    }
  }
}

function lost(what: string, error: unknown): void {
  const detail = error instanceof Error ? error.stack : String(error);
  writeSync(2, `eastwall capture: ${what}, ending the process: ${detail}\n`);
  abortProcess();
}
