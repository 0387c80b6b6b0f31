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

/** Five clusters of ids that nobody has shown come within seconds, in the 31st hour. */
const SEED_OF_CLUSTERS = 1017;

test('nor is a frontend alone whose unexplained ids come several at once', () => {
  expect(clean('bursty frontend', SEED_OF_CLUSTERS, { learn: 24, judge: 31 }).falseEpisodes).toBe(0);
});

test.each(SCENARIOS.filter(({ caller, bar }) => caller === 'bursty frontend' && bar !== null))(
  'but $attacker inside of it is seen within $bar ids, and refused',
  (scenario) => {
    const outcome = attack(scenario, SEED_OF_CLUSTERS, { learnHours: 24, attackHours: 1 });
    expect(outcome.leakedAtAlert ?? 999).toBeLessThanOrEqual(scenario.bar ?? 0);
    expect(outcome.leakedAtBlock).not.toBeNull();
  },
);

test.each(['recommender', 'exporter', 'reconcile', 'support'] as const)(
  '%s alone is never an alarm',
  (caller) => {
    expect(clean(caller, SEED, { learn: 24, judge: 24 }).falseEpisodes).toBe(0);
  },
);
