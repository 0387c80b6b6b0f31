import { decodeDelta } from '@eastwall/policy';
import type { Credentials } from '../guard/credentials.ts';
import type { Provenance } from '../guard/provenance.ts';
import { type FromDataplane, MAX_PARTLY_KNOWN } from '../ipc/messages.ts';
import { MAX_SHOWN, type News, type ShownIds } from '../record/news.ts';

type NewsReport = Extract<FromDataplane, { kind: 'news' }>;

/** What the guards of a dataplane tell others, and hear from them. */
export class DataplaneNews {
  readonly #provenance: Provenance;
  readonly #credentials: Credentials;
  #refused = 0;

  constructor(provenance: Provenance, credentials: Credentials) {
    this.#provenance = provenance;
    this.#credentials = credentials;
  }

  /** All there is to tell since the last call, in messages of a bounded size. */
  take(): NewsReport[] {
    const { shown, dropped } = this.#provenance.takeShown();
    const credentials = this.#credentials.takeUses();
    const counts = { dropped: dropped + credentials.dropped, refused: this.#refused };
    this.#refused = 0;
    const messages: NewsReport[] = [];
    if (credentials.uses.length + counts.dropped + counts.refused > 0)
      messages.push({ kind: 'news', shown: [], uses: credentials.uses, ...counts });
    for (let start = 0; start < shown.length; start += MAX_SHOWN) {
      const some = shown.slice(start, start + MAX_SHOWN).map(
        ({ workload, ids, cut }): ShownIds => ({
          workload,
          ids: Buffer.from(ids).toString('base64'),
          ...(cut && { cut }),
        }),
      );
      messages.push({ kind: 'news', shown: some, uses: [], dropped: 0, refused: 0 });
    }
    return messages;
  }

  /** From now on another agent accepts: what a workload lists there it may still get here. */
  miss(now: number): void {
    this.#provenance.missedByAll(now);
  }

  /** Workloads that were shown more than is known here. */
  partlyKnown(now: number): string[] {
    return this.#provenance.partlyKnown(now, MAX_PARTLY_KNOWN);
  }

  hear({ shown, uses }: News, now: number): void {
    for (const { workload, ids, cut } of shown) {
      const hashes = decodeDelta(Buffer.from(ids, 'base64'));
      this.#refused += hashes.ok ? this.#provenance.showPeers(workload, hashes.value, now) : 1;
      if (cut) this.#provenance.missed(workload, now);
    }
    for (const use of uses) this.#credentials.hear(use);
  }
}
