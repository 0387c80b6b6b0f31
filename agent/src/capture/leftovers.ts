import type { Fd } from '../kernel/libc.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { RuleEngine } from './rule-engine.ts';
import type { Wish } from './wish.ts';

const NOTHING: Wish = {
  v4: { mode: 'none' },
  v6: { mode: 'none' },
  exemptions: [],
  apart: false,
  failMode: 'open',
  quic: 'count',
  makers: [],
  listenerMark: 0,
  inbound: null,
  guard: null,
};

/**
 * Removes what an agent before this one may have left in a namespace that this one could not enrol, had no time to, or
 * enrols with rules of another kind. What can't be opened can't have been used.
 */
export async function clearLeftovers(
  engines: readonly RuleEngine[],
  netns: Fd,
): Promise<Result<null, string>> {
  for (const engine of engines) {
    const rules = engine.open(netns, false);
    if (!rules.ok) continue;
    const cleared = rules.value.mayBeThere() ? await rules.value.apply(NOTHING, 0) : ok(null);
    rules.value.close();
    if (!cleared.ok)
      return err(`rules of an agent before (${engine.kind}) can't be removed: ${cleared.error}`);
  }
  return ok(null);
}

/** Surely nothing of ours is in the namespace. */
export function isClean(engine: RuleEngine, netns: Fd): boolean {
  const rules = engine.open(netns, false);
  if (!rules.ok) return false;
  const mayBeThere = rules.value.mayBeThere();
  rules.value.close();
  return !mayBeThere;
}
