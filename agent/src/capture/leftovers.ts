import type { Fd } from '../kernel/libc.ts';
import type { Result } from '../kernel/result.ts';
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

/** Removes what an agent before this one may have left in a namespace that this one could not enrol, or had no time to. */
export async function clearLeftovers(engine: RuleEngine, netns: Fd): Promise<Result<unknown, string>> {
  const rules = engine.open(netns, false);
  if (!rules.ok) return rules;
  const cleared = await rules.value.apply(NOTHING, 0);
  rules.value.close();
  return cleared;
}
