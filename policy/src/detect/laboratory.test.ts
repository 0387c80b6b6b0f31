import { expect, test } from 'vitest';
import { attack, clean, SCENARIOS } from '../../testing/lab/scenarios.ts';

// What fits into seconds of the laboratory: `make lab` runs all of it, over several seeds.

const SEED = 2;
const short = SCENARIOS.filter(({ caller }) => !caller.endsWith('frontend'));

test.each(short.filter(({ bar }) => bar !== null))(
  '$attacker as $caller is seen within $bar ids',
  (scenario) => {
    const { leakedAtAlert } = attack(scenario, SEED, { learnHours: 24, attackHours: 1 });
    expect(leakedAtAlert).not.toBeNull();
    expect(leakedAtAlert).toBeLessThanOrEqual(scenario.bar ?? 0);
  },
);

test.each(['recommender', 'exporter', 'reconcile', 'support'] as const)(
  '%s alone is never an alarm',
  (caller) => {
    expect(clean(caller, SEED, { learn: 24, judge: 24 }).falseEpisodes).toBe(0);
  },
);
