import type { CallerSelector, Rule } from '../model/policy.ts';
import type { Workload } from '../model/workload.ts';
import { ANY_NAMESPACE, matchesCaller, nameOf, namespaceOf } from './caller-match.ts';

interface Entry {
  /** Position of the rule in its policy. */
  readonly rule: number;
  readonly selector: CallerSelector | null;
}

/**
 * Finds the rules of one policy that speak of a caller without looking at the others: each selector is filed
 * under its most telling field, and a caller is looked up under each of its own.
 */
export class CallerIndex {
  readonly #home: string;
  readonly #entries = new Map<string, Entry[]>();

  constructor(home: string, rules: readonly Rule[]) {
    this.#home = home;
    for (const [rule, { from }] of rules.entries()) {
      if (from === undefined) this.#file(EVERYONE, { rule, selector: null });
      else for (const selector of from) this.#file(filedUnder(selector, home), { rule, selector });
    }
  }

  /** Positions of the rules whose `from` takes the caller, ascending, each once. */
  rulesFor(caller: Workload): number[] {
    const found = new Set<number>();
    for (const key of lookedUpUnder(caller)) {
      for (const { rule, selector } of this.#entries.get(key) ?? []) {
        if (selector === null || matchesCaller(selector, this.#home, caller)) found.add(rule);
      }
    }
    return [...found].sort((a, b) => a - b);
  }

  #file(key: string, entry: Entry): void {
    const entries = this.#entries.get(key);
    if (entries === undefined) this.#entries.set(key, [entry]);
    else entries.push(entry);
  }
}

const EVERYONE = 'everyone';

/** INVARIANT: `lookedUpUnder(caller)` holds this key for every caller that the selector matches. */
function filedUnder(selector: CallerSelector, home: string): string {
  const namespace = namespaceOf(selector, home);
  if (selector.serviceAccount !== undefined) return `account ${namespace}/${nameOf(selector.serviceAccount)}`;
  if (selector.workload !== undefined) return `workload ${namespace}/${selector.workload.name}`;
  for (const [key, value] of Object.entries(selector.labels ?? {}))
    return `label ${namespace}/${key}=${value}`;
  return `namespace ${namespace}`;
}

function* lookedUpUnder(caller: Workload): Generator<string> {
  yield EVERYONE;
  for (const namespace of [caller.namespace, ANY_NAMESPACE]) {
    yield `account ${namespace}/${caller.serviceAccount}`;
    yield `workload ${namespace}/${caller.name}`;
    yield `namespace ${namespace}`;
    for (const [key, value] of Object.entries(caller.labels)) yield `label ${namespace}/${key}=${value}`;
  }
}
