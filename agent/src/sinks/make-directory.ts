import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../kernel/errno.ts';

/** What is in it is for the agent only. */
const MODE = 0o700;

/**
 * `mkdir -p`, which fails with what the kernel says of the first directory that can't be made. Node's own says ENOENT of a
 * read-only file system, too, which nobody would look for there.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: MODE });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await makeFirstMissing(path);
    await mkdir(path, { recursive: true, mode: MODE });
  }
}

async function makeFirstMissing(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: MODE });
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && dirname(path) !== path) return makeFirstMissing(dirname(path));
    // Somebody has made it meanwhile.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}
