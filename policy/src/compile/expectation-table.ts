import { canonicalPath } from '../path/canonical.ts';
import type { CompiledExpectation } from './compiled-expectation.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import type { Selected } from './decision-table.ts';
import { clearLanes, emptyLanes } from './lanes.ts';
import { PathTrie } from './path-trie.ts';

/** The expectations that speak of one caller at one destination, found by method and path. */
export class ExpectationTable {
  readonly #trie = new PathTrie();
  readonly #found = emptyLanes();
  readonly #ranked: readonly CompiledExpectation[];

  private constructor(ranked: readonly CompiledExpectation[]) {
    this.#ranked = ranked;
    for (const [rank, { to }] of ranked.entries())
      for (const operation of to) this.#trie.add(operation, { lane: 'auditAllow', rank });
  }

  /** Null where there is none, as mostly. */
  static of(selected: readonly Selected<CompiledPolicy>[]): ExpectationTable | null {
    const ranked = selected.flatMap(({ policy, expectations = [] }) =>
      expectations.flatMap((at) => policy.expectations.list[at] ?? []),
    );
    return ranked.length === 0 ? null : new ExpectationTable(ranked);
  }

  find(method: string, path: string): CompiledExpectation | null {
    const canonical = canonicalPath(path);
    if (canonical === null) return null;
    clearLanes(this.#found);
    this.#trie.match(method, canonical, this.#found);
    return this.#ranked[this.#found.auditAllow] ?? null;
  }
}
