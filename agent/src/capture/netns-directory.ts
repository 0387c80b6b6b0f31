import { closeSync, type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Fd } from '../kernel/libc.ts';
import { openNamespace } from '../kernel/libc-namespaces.ts';
import { messageOf } from '../kernel/message-of.ts';

export interface DirectoryEvents {
  /** A namespace at `path`; the descriptor is the receiver's. `isNew` when it has been seen to come. */
  appeared(path: string, opened: { readonly fd: Fd; readonly inode: number }, isNew: boolean): void;
  /** The namespace that was at `path` no longer is. */
  gone(path: string, inode: number): void;
  /** The directory, or an entry of it, can't be read; null when the directory is fine again. */
  problem(problem: string | null): void;
}

/** The file is there some milliseconds before the namespace is mounted on it, and no event tells of the mount. */
const FIRST_RETRY_MS = 1;
const MAX_RETRY_MS = 64;
const RETRIES = 40;
/** Where nothing tells of changes: the directory is not there, or the machine has no inotify left. */
const UNWATCHED_MS = 1_000;
/** Nothing is there, or something that can't be a namespace. What else goes wrong says nothing about what is there. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);

/** The directory where the runtime mounts the network namespaces of pods, followed by inotify and by looking again. */
export class NetnsDirectory {
  readonly #path: string;
  readonly #events: DirectoryEvents;
  readonly #inodes = new Map<string, number>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  readonly #watchFile: typeof watch;
  #watcher: { readonly handle: FSWatcher; readonly place: string } | null = null;
  #problem: string | null = null;
  /** Why an entry could not be read in this round. */
  #unreadable: string | null = null;
  #unwatched: NodeJS.Timeout | null = null;
  #seen = false;

  constructor(path: string, events: DirectoryEvents, watchFile = watch) {
    this.#path = path;
    this.#events = events;
    this.#watchFile = watchFile;
  }

  start(): void {
    this.rescan();
  }

  /** Finds what inotify did not tell: mounts replaced in place, a directory that came late or was made anew. */
  rescan(): void {
    const unwatched = this.#watch();
    const unlisted = this.#list();
    this.#seen = unlisted === null;
    this.#report(unlisted ?? unwatched);
    if (this.#unwatched !== null) clearTimeout(this.#unwatched);
    this.#unwatched = this.#watcher === null ? setTimeout(() => this.rescan(), UNWATCHED_MS) : null;
  }

  /** All that is there has been seen. */
  get isRead(): boolean {
    return this.#seen;
  }

  stop(): void {
    this.#dropWatcher();
    if (this.#unwatched !== null) clearTimeout(this.#unwatched);
    for (const timer of this.#retries.values()) clearTimeout(timer);
    this.#retries.clear();
  }

  /** Has changes told from now on. The error is why they are not. */
  #watch(): string | null {
    try {
      const { dev, ino } = statSync(this.#path);
      const place = `${dev} ${ino}`;
      if (this.#watcher?.place === place) return null;
      this.#dropWatcher();
      const handle = this.#watchFile(this.#path, (_, name) => {
        if (name !== null) this.#look(name, { isNew: true });
      });
      handle.on('error', () => this.#dropWatcher());
      this.#watcher = { handle, place };
      return null;
    } catch (error) {
      this.#dropWatcher();
      return `can't follow \`${this.#path}\`: ${messageOf(error)}`;
    }
  }

  #dropWatcher(): void {
    this.#watcher?.handle.close();
    this.#watcher = null;
  }

  /** Looks at all that is there, and at all that was. The error is why that is not known, in whole or in part. */
  #list(): string | null {
    this.#unreadable = null;
    try {
      const names = new Set([...readdirSync(this.#path), ...this.#inodes.keys()]);
      for (const name of names) this.#look(name, { isNew: false });
      return this.#unreadable;
    } catch (error) {
      return `can't read \`${this.#path}\`: ${messageOf(error)}`;
    }
  }

  #look(name: string, { isNew, tried = 0 }: { isNew: boolean; tried?: number }): void {
    clearTimeout(this.#retries.get(name));
    this.#retries.delete(name);
    const path = join(this.#path, name);
    const known = this.#inodes.get(name);
    const found = this.#open(path);
    // A pod must not be taken for gone because the agent is short of something.
    if (found === 'unreadable') return;
    if (known !== undefined && (found === 'missing' || found === 'not yet' || found.inode !== known)) {
      this.#inodes.delete(name);
      this.#events.gone(path, known);
    }
    if (found === 'missing') return;
    if (found === 'not yet') this.#retry(name, tried);
    else if (found.inode === known) closeSync(found.fd);
    else {
      this.#inodes.set(name, found.inode);
      this.#events.appeared(path, found, isNew);
    }
  }

  #open(path: string): { fd: Fd; inode: number } | 'missing' | 'not yet' | 'unreadable' {
    try {
      return openNamespace(path) ?? 'not yet';
    } catch (error) {
      if (error instanceof Error && 'code' in error && ABSENT.has(String(error.code))) return 'missing';
      this.#unreadable = `can't read \`${path}\`: ${messageOf(error)}`;
      this.#report(this.#unreadable);
      return 'unreadable';
    }
  }

  #retry(name: string, tried: number): void {
    if (tried >= RETRIES) return;
    const delay = Math.min(FIRST_RETRY_MS * 2 ** Math.max(0, tried - 4), MAX_RETRY_MS);
    this.#retries.set(
      name,
      setTimeout(() => this.#look(name, { isNew: true, tried: tried + 1 }), delay),
    );
  }

  #report(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#events.problem(problem);
  }
}
