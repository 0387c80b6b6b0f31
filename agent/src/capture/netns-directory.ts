import { closeSync, type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Fd } from '../kernel/libc.ts';
import { openNamespace } from '../kernel/libc-namespaces.ts';

export interface DirectoryEvents {
  /** A namespace at `path`; the descriptor is the receiver's. `atStart` when it was there before the agent. */
  appeared(path: string, opened: { readonly fd: Fd; readonly inode: number }, atStart: boolean): void;
  /** The namespace that was at `path` no longer is. */
  gone(path: string, inode: number): void;
  /** The directory, or an entry of it, can't be read; null when the directory is fine again. */
  problem(problem: string | null): void;
}

/** The file is there some milliseconds before the namespace is mounted on it, and no event tells of the mount. */
const FIRST_RETRY_MS = 1;
const MAX_RETRY_MS = 64;
const RETRIES = 40;

/** The directory where the runtime mounts the network namespaces of pods, followed by inotify and by looking again. */
export class NetnsDirectory {
  readonly #path: string;
  readonly #events: DirectoryEvents;
  readonly #inodes = new Map<string, number>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  #watcher: { readonly handle: FSWatcher; readonly inode: number } | null = null;
  #problem: string | null = null;

  constructor(path: string, events: DirectoryEvents) {
    this.#path = path;
    this.#events = events;
  }

  start(): void {
    this.#follow(true);
  }

  /** Finds what inotify did not tell: mounts replaced in place, a directory that came late or was made anew. */
  rescan(): void {
    this.#follow(false);
  }

  stop(): void {
    this.#watcher?.handle.close();
    this.#watcher = null;
    for (const timer of this.#retries.values()) clearTimeout(timer);
    this.#retries.clear();
  }

  #follow(atStart: boolean): void {
    try {
      this.#watch();
      const names = new Set(readdirSync(this.#path));
      for (const name of [...names, ...this.#inodes.keys()]) this.#look(name, { atStart });
      this.#report(null);
    } catch (error) {
      this.#report(`can't follow \`${this.#path}\`: ${error instanceof Error ? error.message : error}`);
    }
  }

  #watch(): void {
    const { ino } = statSync(this.#path);
    if (this.#watcher?.inode === ino) return;
    this.#watcher?.handle.close();
    this.#watcher = null;
    const handle = watch(this.#path, (_, name) => {
      if (name !== null) this.#look(name, {});
    });
    handle.on('error', (error) => this.#report(`can't follow \`${this.#path}\`: ${error.message}`));
    this.#watcher = { handle, inode: ino };
  }

  #look(name: string, { atStart = false, tried = 0 }: { atStart?: boolean; tried?: number }): void {
    clearTimeout(this.#retries.get(name));
    this.#retries.delete(name);
    const path = join(this.#path, name);
    const known = this.#inodes.get(name);
    const found = this.#open(path);
    if (known !== undefined && (found === 'missing' || found === 'not yet' || found.inode !== known)) {
      this.#inodes.delete(name);
      this.#events.gone(path, known);
    }
    if (found === 'missing') return;
    if (found === 'not yet') this.#retry(name, tried);
    else if (found.inode === known) closeSync(found.fd);
    else {
      this.#inodes.set(name, found.inode);
      this.#events.appeared(path, found, atStart);
    }
  }

  #open(path: string): { fd: Fd; inode: number } | 'missing' | 'not yet' {
    try {
      return openNamespace(path) ?? 'not yet';
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code !== 'ENOENT') this.#report(error.message);
      return 'missing';
    }
  }

  #retry(name: string, tried: number): void {
    if (tried >= RETRIES) return;
    const delay = Math.min(FIRST_RETRY_MS * 2 ** Math.max(0, tried - 4), MAX_RETRY_MS);
    this.#retries.set(
      name,
      setTimeout(() => this.#look(name, { tried: tried + 1 }), delay),
    );
  }

  #report(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#events.problem(problem);
  }
}
