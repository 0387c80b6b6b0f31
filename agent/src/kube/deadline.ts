/** An abort signal that fires when `extend` was not called in time. */
export class Deadline {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #passed = false;

  readonly signal: AbortSignal = this.#controller.signal;

  /** Whether the time ran out, as opposed to an `end`. */
  get passed(): boolean {
    return this.#passed;
  }

  extend(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#passed = true;
      this.#controller.abort();
    }, ms);
  }

  /** Fires the signal too, so that whatever still hangs on it lets go. */
  end(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}
