import { GuardProfiles } from '@eastwall/policy';
import type { Finding } from '../record/finding.ts';
import { FindingBook } from './finding-book.ts';

export interface GuardsOptions {
  readonly node: string;
  /** Wall clock, in ms since the epoch: for what people read. */
  wallClock(): number;
  /** Tells this process's findings from every other's. */
  readonly idPrefix: string;
  readonly maxOpenFindings: number;
  readonly findingQuietMs: number;
}

/** Everything of one dataplane process that watches exchanges beyond what policy says. */
export class Guards {
  readonly findings: FindingBook;
  #profiles = GuardProfiles.empty();
  #sequence = 0;

  constructor({ node, wallClock, idPrefix, maxOpenFindings, findingQuietMs }: GuardsOptions) {
    this.findings = new FindingBook({
      node,
      now: wallClock,
      newId: () => `ef-${idPrefix}-${(this.#sequence++).toString(36)}`,
      maxOpen: maxOpenFindings,
      quietMs: findingQuietMs,
    });
  }

  /** What is done about findings, by the namespace of their caller. */
  get profiles(): GuardProfiles {
    return this.#profiles;
  }

  replaceProfiles(profiles: GuardProfiles): void {
    this.#profiles = profiles;
  }

  /** Findings that have changed since the last call, and how many signs there was no room for. */
  takeFindings(): { findings: Finding[]; dropped: number } {
    return { findings: this.findings.drain(), dropped: this.findings.takeDropped() };
  }
}
