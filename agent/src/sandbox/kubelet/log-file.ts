import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const MAX_BYTES = 32 * 1024 * 1024;
const CHECK_MS = 2000;

export interface LogFileOptions {
  readonly maxBytes?: number;
  readonly checkMs?: number;
}

/**
 * What a container writes. Its processes hold the file themselves, so the bound is kept from behind: beyond it,
 * everything so far is dropped, and the file says how much.
 */
export class LogFile {
  /** Open for appending, so writing goes on at the new end after it was cut. */
  readonly fd: number;
  readonly #maxBytes: number;
  readonly #timer: NodeJS.Timeout;

  constructor(path: string, { maxBytes = MAX_BYTES, checkMs = CHECK_MS }: LogFileOptions = {}) {
    this.fd = openSync(path, 'a');
    this.#maxBytes = maxBytes;
    this.#timer = setInterval(() => this.#cut(), checkMs);
  }

  close(): void {
    clearInterval(this.#timer);
    closeSync(this.fd);
  }

  #cut(): void {
    const { size } = fstatSync(this.fd);
    if (size <= this.#maxBytes) return;
    ftruncateSync(this.fd, 0);
    writeSync(this.fd, `[${size} bytes of log dropped]\n`);
  }
}
