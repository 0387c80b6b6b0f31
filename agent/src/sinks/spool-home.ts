import { type FileHandle, mkdtemp, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tryLock } from '../kernel/libc-locks.ts';
import { makeDirectory } from './make-directory.ts';

const SUFFIX = '.jsonl';

/** Where a file of an orphan is now, and how long it is. */
export interface Adopted {
  readonly path: string;
  readonly size: number;
}

/**
 * The directory of one spool of one agent, below one that all agents of the node share. Its owner holds a lock on it, which
 * the kernel takes away when the owner dies, however; what is left behind is then anybody's. Process ids would not do: in a
 * container every agent has the same.
 */
export class SpoolHome {
  readonly #shared: string;
  readonly #path: string;
  readonly #lock: FileHandle;
  #sequence = 0;

  private constructor(shared: string, path: string, lock: FileHandle) {
    this.#shared = shared;
    this.#path = path;
    this.#lock = lock;
  }

  /** Throws what the file system says. */
  static async make(shared: string): Promise<SpoolHome> {
    await makeDirectory(shared);
    // Nobody looks at hidden ones, so that it is locked before it can be taken for an orphan.
    const hidden = await mkdtemp(join(shared, '.new-'));
    const lock = await lockedDirectory(hidden);
    if (lock === null) throw new Error(`\`${hidden}\` can not be locked`);
    const path = join(shared, `agent-${hidden.slice(-6)}`);
    await rename(hidden, path);
    return new SpoolHome(shared, path, lock);
  }

  /** A path for one more file; they sort by age. */
  newFile(): string {
    return join(this.#path, `${`${this.#sequence++}`.padStart(12, '0')}${SUFFIX}`);
  }

  /** Moves in here what agents have left that are no more, oldest first. */
  async adopt(): Promise<Adopted[]> {
    const adopted: Adopted[] = [];
    for (const name of (await readdir(this.#shared)).sort()) {
      const path = join(this.#shared, name);
      if (path === this.#path || !/^(agent|\.new)-/.test(name)) continue;
      const lock = await lockedDirectory(path);
      if (lock === null) continue;
      try {
        const files = (await readdir(path)).filter((file) => file.endsWith(SUFFIX)).sort();
        for (const file of files) adopted.push(await this.#move(join(path, file)));
        // With what was never finished.
        await rm(path, { recursive: true });
      } finally {
        await lock.close();
      }
    }
    return adopted;
  }

  /** Gives up the lock; what is left is for the next agent. */
  async leave(): Promise<void> {
    await rmdir(this.#path).catch(() => {});
    await this.#lock.close();
  }

  async #move(from: string): Promise<Adopted> {
    const path = this.newFile();
    await rename(from, path);
    return { path, size: (await stat(path)).size };
  }
}

/** Null while somebody else has it, or when it has just gone. */
async function lockedDirectory(path: string): Promise<FileHandle | null> {
  const handle = await open(path, 'r').catch(() => null);
  if (handle === null || tryLock(handle.fd) === 0) return handle;
  await handle.close();
  return null;
}
