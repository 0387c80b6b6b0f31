import { type CredentialUse, MAX_USES } from '../record/news.ts';

/** Uses that are known to have been told. */
const MAX_TOLD = 10_000;
/** After so many tellings all is told anew: somebody may have started since, or not have heard. */
const TELLINGS = 60;

/** Uses of credentials that others have to hear of: each once, and again after a while. */
export class CredentialNews {
  readonly #told = new Set<string>();
  #waiting: CredentialUse[] = [];
  #dropped = 0;
  #tellings = 0;

  add(fingerprint: string, workload: string): void {
    const use = `${fingerprint} ${workload}`;
    if (this.#told.has(use)) return;
    // What there is no room for is told when it is seen again.
    if (this.#waiting.length === MAX_USES || this.#told.size === MAX_TOLD) {
      this.#dropped++;
      return;
    }
    this.#told.add(use);
    this.#waiting.push({ fingerprint, workload });
  }

  /** What is to be told now, and how often there was no room for a use. */
  take(): { readonly uses: readonly CredentialUse[]; readonly dropped: number } {
    const taken = { uses: this.#waiting, dropped: this.#dropped };
    this.#waiting = [];
    this.#dropped = 0;
    if (++this.#tellings % TELLINGS === 0) this.#told.clear();
    return taken;
  }
}
