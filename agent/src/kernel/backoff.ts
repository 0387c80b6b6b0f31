export interface BackoffOptions {
  /** Longest first wait, in milliseconds. */
  readonly firstMs: number;
  /** Longest wait ever, in milliseconds. */
  readonly maxMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Waits that double up to a limit. Each lies between half and all of its step, so that many agents that lost
 * the same server neither come back together nor hurry.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #step: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#step = options.firstMs;
  }

  /** Milliseconds to wait before the next try. */
  next(): number {
    const step = this.#step;
    this.#step = Math.min(step * 2, this.#options.maxMs);
    return step * (0.5 + this.#options.random() / 2);
  }

  reset(): void {
    this.#step = this.#options.firstMs;
  }
}
