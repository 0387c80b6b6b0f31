import type { Fd } from '../../kernel/libc.ts';
import { ok, type Result } from '../../kernel/result.ts';
import type { NetnsDoor } from '../inside.ts';
import { type Command, run } from './command.ts';
import { planTable } from './plan.ts';
import { type DesiredFamily, desiredRules, type Family, TABLES, type Table } from './rules.ts';

export type Variant = 'nft' | 'legacy';

/** The iptables tools of one variant, run inside the namespaces of pods. */
export class Iptables {
  readonly #door: NetnsDoor;
  readonly variant: Variant;

  constructor(door: NetnsDoor, variant: Variant) {
    this.#door = door;
    this.variant = variant;
  }

  /** The text of all tables that the namespace has; naming one would make it, where it is missing. */
  save(netns: Fd, family: Family): Promise<Result<string, string>> {
    return this.#inside(netns, { program: this.#tool(family, 'save'), args: [] });
  }

  /** Applies `text` as one transaction per table, and leaves what it does not name alone. */
  restore(netns: Fd, family: Family, text: string): Promise<Result<string, string>> {
    const args = ['--noflush', '--wait', '5'];
    return this.#inside(netns, { program: this.#tool(family, 'restore'), args, input: text });
  }

  /** Starts inside, waits at home: a child is born in the netns of the thread that makes it. */
  #inside(netns: Fd, command: Command): Promise<Result<string, string>> {
    const started = this.#door.inside(netns, () => run(command));
    return started.ok ? started.value : Promise.resolve(started);
  }

  #tool(family: Family, verb: 'save' | 'restore'): string {
    return `${family === 4 ? 'iptables' : 'ip6tables'}-${this.variant}-${verb}`;
  }
}

/**
 * Makes one family of a namespace as wished. `untouched` says that nobody can have put rules of ours there before,
 * which saves looking. Returns the tables that had to be changed.
 */
export async function applyWish(
  iptables: Iptables,
  at: { readonly netns: Fd; readonly untouched: boolean },
  wished: DesiredFamily,
): Promise<Result<readonly Table[], string>> {
  const saved = at.untouched ? ok('') : await iptables.save(at.netns, wished.family);
  if (!saved.ok) return saved;
  const desired = desiredRules(wished);
  // Each table is a transaction of its own: what closes a way comes before what opens one, and zones outlive what needs them.
  const plans = [
    ...TABLES.filter((table) => desired[table] !== null),
    ...TABLES.filter((table) => desired[table] === null).reverse(),
  ]
    .map((table) => ({ table, text: planTable(table, desired[table], saved.value) }))
    .filter(({ text }) => text !== null);
  if (plans.length === 0) return ok([]);
  const text = plans.map((plan) => plan.text).join('');
  const restored = await iptables.restore(at.netns, wished.family, text);
  return restored.ok ? ok(plans.map(({ table }) => table)) : restored;
}
