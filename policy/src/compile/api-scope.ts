import type { Decision } from '../model/decision.ts';
import type { CompiledExpectation } from './compiled-expectation.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import type { CompiledOperation } from './compiled-rules.ts';
import { DecisionTable, type Selected } from './decision-table.ts';
import { ExpectationTable } from './expectation-table.ts';
import { PathTrie } from './path-trie.ts';
import type { Governed, Scope } from './scope.ts';

/**
 * What ApiPolicies say about one caller at one destination. A caller that nothing allows is still heard, so that it
 * gets an answer that says why.
 */
export class ApiScope implements Scope {
  readonly governed: Governed;
  readonly size: number;
  readonly readableOnly: boolean;
  readonly atConnect = null;
  readonly unreadable: Decision;
  readonly #trie = new PathTrie();
  readonly #table: DecisionTable<CompiledOperation>;
  readonly #expectations: ExpectationTable | null;

  /** `selected` is in order of policy namespace and name. */
  constructor(selected: readonly Selected<CompiledPolicy>[]) {
    const table = new DecisionTable(selected);
    for (const { rule, lane, rank } of table.ranked) {
      for (const operation of rule.to) this.#trie.add(operation, { lane, rank });
    }
    this.#table = table;
    this.#expectations = ExpectationTable.of(selected);
    this.governed = table.governed;
    this.size = table.ranked.length;
    this.readableOnly = table.governed === 'enforce';
    this.unreadable = table.unreadable;
  }

  evaluate(method: string, path: string): Decision {
    return this.#table.judge(this.#trie, method, path);
  }

  expectation(method: string, path: string): CompiledExpectation | null {
    return this.#expectations?.find(method, path) ?? null;
  }

  unread(): Decision {
    return this.unreadable;
  }

  tunnel(): Decision {
    return this.unreadable;
  }
}
