/**
 * Control's end of the packet channel to one dataplane. Its number is lent to the capture thread for the time of a
 * send; closing it meanwhile would let the kernel give the number to another file, which would then get the packet.
 *
 * INVARIANT: the descriptor is closed once, and only when nobody is using it.
 */
export class FdChannel {
  readonly #fd: number;
  readonly #close: (fd: number) => void;
  #users = 0;
  #retired = false;
  #closed = false;

  constructor(fd: number, close: (fd: number) => void) {
    this.#fd = fd;
    this.#close = close;
  }

  /** Runs `send` with the descriptor; null when the channel is retired. */
  async use<T>(send: (fd: number) => Promise<T>): Promise<T | null> {
    if (this.#retired) return null;
    this.#users++;
    try {
      return await send(this.#fd);
    } finally {
      this.#users--;
      this.#closeWhenUnused();
    }
  }

  /** No new use; closed as soon as the last one is over. */
  retire(): void {
    this.#retired = true;
    this.#closeWhenUnused();
  }

  #closeWhenUnused(): void {
    if (!this.#retired || this.#closed || this.#users > 0) return;
    this.#closed = true;
    this.#close(this.#fd);
  }
}
