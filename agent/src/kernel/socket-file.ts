import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';

/**
 * A unix socket's place in the file system. It changes hands while both agents run, so a server listens at a name of
 * its own, which is then renamed: whoever connects finds the one or the other, and a server that closes unlinks only
 * the name that it was given, which nobody has any more.
 */
export class SocketFile {
  readonly path: string;
  #inode: number | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** Has `server` listen at the path, for this user only; whoever did so before is no longer found there. */
  async claim(server: Server): Promise<void> {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    // Shorter than the path itself: the kernel allows 107 bytes.
    const own = join(dirname(this.path), `.${randomBytes(3).toString('hex')}`);
    await listening(server, own);
    chmodSync(own, 0o600);
    this.#inode = statSync(own).ino;
    renameSync(own, this.path);
  }

  /** Whoever connects to the path finds the server that has claimed it last. */
  get isOurs(): boolean {
    return this.#inode !== null && statSync(this.path, { throwIfNoEntry: false })?.ino === this.#inode;
  }

  /** Removes the file, unless it is another one's by now. */
  release(): void {
    const found = statSync(this.path, { throwIfNoEntry: false })?.ino;
    if (found !== undefined && found === this.#inode) rmSync(this.path, { force: true });
    this.#inode = null;
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
