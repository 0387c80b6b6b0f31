/** Something that is done at regular times, and sooner when there is a reason: once for all reasons until then. */
export class Rounds {
  readonly #round: () => void;
  readonly #soonMs: number;
  #sooner: NodeJS.Timeout | null = null;

  constructor(round: () => void, { everyMs, soonMs }: { readonly everyMs: number; readonly soonMs: number }) {
    this.#round = round;
    this.#soonMs = soonMs;
    setInterval(() => this.#go(), everyMs);
  }

  soon(): void {
    this.#sooner ??= setTimeout(() => this.#go(), this.#soonMs);
  }

  #go(): void {
    if (this.#sooner !== null) clearTimeout(this.#sooner);
    this.#sooner = null;
    this.#round();
  }
}
