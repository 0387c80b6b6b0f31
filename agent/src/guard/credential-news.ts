import { type CredentialUse, MAX_USES } from '../record/news.ts';

/** Uses that are known to have been told. */
const MAX_TOLD = 10_000;
/** In tellings. Somebody may not have heard yet, or start later: a use is told again soon at first, then ever later. */
const FIRST_GAP = 1;
const MAX_GAP = 60;

interface Told {
  /** The telling with which it is told again, if it is seen then. */
  readonly due: number;
  readonly gap: number;
}

/** Uses of credentials that others have to hear of. Nobody says that they have heard, so each is told again and again. */
export class CredentialNews {
  readonly #told = new Map<string, Told>();
  #waiting: CredentialUse[] = [];
  #dropped = 0;
  #tellings = 0;

  add(fingerprint: string, workload: string): void {
    const use = `${fingerprint} ${workload}`;
    const told = this.#told.get(use);
    if (told !== undefined && this.#tellings < told.due) return;
    // What there is no room for is told when it is seen again.
    if (this.#waiting.length === MAX_USES || (told === undefined && this.#told.size === MAX_TOLD)) {
      this.#dropped++;
      return;
    }
    const gap = told === undefined ? FIRST_GAP : Math.min(2 * told.gap, MAX_GAP);
    this.#told.set(use, { due: this.#tellings + gap, gap });
    this.#waiting.push({ fingerprint, workload });
  }

  /** What is to be told now, and how often there was no room for a use. */
  take(): { readonly uses: readonly CredentialUse[]; readonly dropped: number } {
    const taken = { uses: this.#waiting, dropped: this.#dropped };
    this.#waiting = [];
    this.#dropped = 0;
    if (++this.#tellings % MAX_GAP === 0) this.#forget();
    return taken;
  }

  /** Uses that have not been seen for long make room. */
  #forget(): void {
    for (const [use, { due }] of this.#told) if (due < this.#tellings - MAX_GAP) this.#told.delete(use);
  }
}
