import type { CallerSelector, Rule } from '../model/policy.ts';
import type { Workload } from '../model/workload.ts';
import { ANY_NAMESPACE, matchesCaller, nameOf, namespaceOf } from './caller-match.ts';

interface Entry {
  /** Position of the rule in its policy. */
  readonly rule: number;
  readonly selector: CallerSelector;
}

export interface KeyedCaller {
  readonly caller: Workload;
  readonly keys: readonly string[];
}

/**
 * Finds the rules of one policy that speak of a caller without looking at the others: each selector is filed
 * under its most telling field, and a caller is looked up under each of its own.
 */
export class CallerIndex {
  readonly #home: string;
  /** Rules without `from`. */
  readonly #everyone: number[] = [];
  readonly #entries = new Map<string, Entry[]>();

  constructor(home: string, rules: readonly Pick<Rule, 'from'>[]) {
    this.#home = home;
    for (const [rule, { from }] of rules.entries()) {
      if (from === undefined) this.#everyone.push(rule);
      else for (const selector of from) this.#file(filedUnder(selector, home), { rule, selector });
    }
  }

  /** Positions of the rules whose `from` takes the caller, ascending, each once. */
  rulesFor({ caller, keys }: KeyedCaller): readonly number[] {
    const found = new Set<number>();
    for (const key of keys) {
      for (const { rule, selector } of this.#entries.get(key) ?? []) {
        if (matchesCaller(selector, this.#home, caller)) found.add(rule);
      }
    }
    if (found.size === 0) return this.#everyone;
    return [...this.#everyone, ...found].sort((a, b) => a - b);
  }

  #file(key: string, entry: Entry): void {
    const entries = this.#entries.get(key);
    if (entries === undefined) this.#entries.set(key, [entry]);
    else entries.push(entry);
  }
}

/** INVARIANT: `keyCaller(caller).keys` holds this key for every caller that the selector matches. */
function filedUnder(selector: CallerSelector, home: string): string {
  const namespace = namespaceOf(selector, home);
  if (selector.serviceAccount !== undefined) return `account ${namespace}/${nameOf(selector.serviceAccount)}`;
  if (selector.workload !== undefined) return `workload ${namespace}/${selector.workload.name}`;
  for (const [key, value] of Object.entries(selector.labels ?? {}))
    return `label ${namespace}/${key}=${value}`;
  return `namespace ${namespace}`;
}

/** What the caller is looked up under, made once for all policies. */
export function keyCaller(caller: Workload): KeyedCaller {
  const keys: string[] = [];
  for (const namespace of [caller.namespace, ANY_NAMESPACE]) {
    keys.push(`account ${namespace}/${caller.serviceAccount}`);
    keys.push(`workload ${namespace}/${caller.name}`);
    keys.push(`namespace ${namespace}`);
    for (const [key, value] of Object.entries(caller.labels)) keys.push(`label ${namespace}/${key}=${value}`);
  }
  return { caller, keys };
}
