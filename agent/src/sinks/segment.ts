import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';

const NEWLINE = 0x0a;

/** Whole lines out of a segment, and where they end. */
export interface Lines {
  readonly lines: readonly string[];
  readonly end: number;
}

/**
 * A file of lines that is written at its end and read from its beginning. Nothing is read beyond `size`, so a write that
 * broke off shows nowhere.
 */
export class Segment {
  readonly path: string;
  /** Bytes of whole lines. */
  size: number;
  /** Up to where it is no longer needed. */
  read = 0;
  /** Nothing more is written to it: it is full, or another agent's, which may have been killed in the middle of a line. */
  readonly sealed: boolean;
  #handle: FileHandle | null = null;

  constructor(path: string, left: { readonly size: number } | null = null) {
    this.path = path;
    this.size = left?.size ?? 0;
    this.sealed = left !== null;
  }

  get isDone(): boolean {
    return this.read >= this.size;
  }

  /** All of it or nothing: what did not fit on the disk is taken back. */
  async append(text: string): Promise<void> {
    this.#handle ??= await open(this.path, 'a+', 0o600);
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten;
    } catch (error) {
      await this.#handle.truncate(this.size).catch(() => {});
      throw error;
    }
    this.size += bytes.length;
  }

  /** Hands what was written to the disk itself. */
  async sync(): Promise<void> {
    await this.#handle?.datasync();
  }

  /** Lines from `read` on, at most so many and so many bytes; the first one whatever its length. */
  async next(maxLines: number, maxBytes: number): Promise<Lines> {
    this.#handle ??= await open(this.path, 'a+', 0o600);
    for (let length = maxBytes; ; length *= 2) {
      const wanted = Math.min(length, this.size - this.read);
      const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(wanted), 0, wanted, this.read);
      const found = cut(buffer.subarray(0, bytesRead), maxLines);
      if (found.lines.length > 0) return { lines: found.lines, end: this.read + found.end };
      // A line of a writer that was killed has no end: it was never accepted.
      if (this.read + bytesRead >= this.size || bytesRead === 0) return { lines: [], end: this.size };
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }

  /** Takes away what is no longer needed, so that whoever reads the file next does not read it again. */
  async trim(): Promise<void> {
    if (this.read === 0) return;
    this.#handle ??= await open(this.path, 'a+', 0o600);
    const wanted = this.size - this.read;
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(wanted), 0, wanted, this.read);
    const shorter = `${this.path}.part`;
    await writeFile(shorter, buffer.subarray(0, bytesRead), { mode: 0o600, flush: true });
    await this.close();
    await rename(shorter, this.path);
    this.size = bytesRead;
    this.read = 0;
  }

  /** Where a disk was full from the beginning, there is no file. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
  }
}

function cut(bytes: Buffer, maxLines: number): Lines {
  const lines: string[] = [];
  let end = 0;
  while (lines.length < maxLines) {
    const newline = bytes.indexOf(NEWLINE, end);
    if (newline < 0) break;
    lines.push(bytes.toString('utf8', end, newline));
    end = newline + 1;
  }
  return { lines, end };
}
