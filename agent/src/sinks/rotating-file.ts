import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskProblem } from './disk-problem.ts';
import { DiskTrial, tryToWriteIn } from './disk-trial.ts';
import { LineQueue, sizeOf } from './line-queue.ts';
import { makeDirectory } from './make-directory.ts';
import type { SinkCounts } from './sink-counts.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** A file that would grow beyond is renamed to `path.1`, that one to `path.2`, and so on. */
  readonly maxBytes: number;
  /** Files in all, at least two. */
  readonly files: number;
  readonly counts: SinkCounts;
  /** How often a disk is tried that did not take something. */
  readonly trialMs?: number;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  size: number;
}

/** What is written at once, so that files are rotated near their size. */
const MAX_WRITE_BYTES = 64 << 10;

/** Lines in a file, and in as many older ones as there may be. A disk that is slow or full costs lines, which are counted. */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #queue: LineQueue;
  readonly #trial: DiskTrial;
  #file: OpenFile | null = null;
  #writing: Promise<void> | null = null;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    const { counts, path, trialMs } = options;
    this.#queue = new LineQueue(counts);
    this.#trial = new DiskTrial(counts, () => tryToAppend(path), trialMs);
  }

  get waitingBytes(): number {
    return this.#queue.bytes;
  }

  /** Takes a line in, or drops and counts it; never waits. */
  append(line: string): void {
    if (!this.#queue.put(line)) return;
    this.#options.counts.accepted++;
    this.#writing ??= this.#writeAll();
  }

  async close(): Promise<void> {
    await this.#trial.close();
    await this.#writing;
    await this.#closeFile();
  }

  async #writeAll(): Promise<void> {
    // What else comes in this turn of the event loop goes along.
    await Promise.resolve();
    for (let { lines } = this.#queue.take(); lines.length > 0; { lines } = this.#queue.take())
      await this.#write(lines);
    this.#writing = null;
  }

  async #write(lines: readonly string[]): Promise<void> {
    const { counts, path } = this.#options;
    for (let from = 0; from < lines.length; ) {
      const part = this.#fitting(lines, from);
      try {
        const file = await this.#toWrite(part.bytes);
        await appendAll(file, Buffer.from(`${lines.slice(from, part.to).join('\n')}\n`));
        counts.delivered += part.to - from;
        counts.diskProblem = null;
      } catch (error) {
        counts.drop('disk', part.to - from);
        counts.diskProblem = diskProblem(path, error);
        await this.#closeFile();
      }
      this.#queue.settled(part.bytes);
      from = part.to;
    }
  }

  /** As many lines as one file takes; at least one, however long it is. */
  #fitting(lines: readonly string[], from: number): { readonly to: number; readonly bytes: number } {
    const room = Math.min(this.#options.maxBytes, MAX_WRITE_BYTES);
    let to = from;
    let bytes = 0;
    for (; to < lines.length; to++) {
      const more = sizeOf(lines[to] ?? '');
      if (bytes > 0 && bytes + more > room) break;
      bytes += more;
    }
    return { to, bytes };
  }

  /** The file that still has room for so many bytes. Another agent of the node, or somebody else, may have rotated it. */
  async #toWrite(bytes: number): Promise<OpenFile> {
    const { path, maxBytes } = this.#options;
    const there = await stat(path).catch(() => null);
    if (this.#file !== null && there?.ino !== this.#file.inode) await this.#closeFile();
    this.#file ??= await this.#open();
    if (there?.ino === this.#file.inode) this.#file.size = there.size;
    if (this.#file.size > 0 && this.#file.size + bytes > maxBytes) {
      await this.#closeFile();
      await this.#shift();
      this.#file = await this.#open();
    }
    return this.#file;
  }

  async #open(): Promise<OpenFile> {
    const { path } = this.#options;
    await makeDirectory(dirname(path));
    const handle = await open(path, 'a', 0o600);
    const { ino, size } = await handle.stat();
    return { handle, inode: ino, size };
  }

  /** Each rename is atomic and overwrites: whoever reads finds whole files, and there are never more than may be. */
  async #shift(): Promise<void> {
    const { path, files } = this.#options;
    for (let older = files - 1; older > 0; older--) {
      const from = older === 1 ? path : `${path}.${older - 1}`;
      await rename(from, `${path}.${older}`).catch(ignoreMissing);
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close().catch(() => {});
  }
}

/** All or nothing: half a line would garble the next. */
async function appendAll(file: OpenFile, bytes: Buffer): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; ) at += (await file.handle.write(bytes, at)).bytesWritten;
  } catch (error) {
    await file.handle.truncate(file.size).catch(() => {});
    throw error;
  }
  file.size += bytes.length;
}

/** Not a byte of it in the file itself, which others read. */
async function tryToAppend(path: string): Promise<void> {
  await tryToWriteIn(dirname(path));
  await (await open(path, 'a', 0o600)).close();
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
