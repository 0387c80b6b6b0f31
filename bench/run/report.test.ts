import { describe, expect, it } from 'vitest';
import { type Figures, summarise } from './figures.ts';
import { scenarioResult, table } from './report.ts';

const SCENARIO = { name: 'any', what: 'anything' };

function result(subjects: Readonly<Record<string, readonly Figures[]>>) {
  const summaries = Object.entries(subjects).map(([name, rounds]) => [name, summarise(rounds)] as const);
  return scenarioResult(SCENARIO, 3, new Map(summaries));
}

const both = result({
  haproxy: [{ cpu_us_per_request: 20, rps: 1000, p50_us: 5 }],
  eastwall: [{ cpu_us_per_request: 25, rps: 900, p50_us: 6 }],
});

describe('scenarioResult', () => {
  it('compares everybody with everybody else', () => {
    expect(both.ratios).toMatchObject({
      eastwall: { haproxy: { cpu_us_per_request: 1.25, rps: 0.9, p50_us: 1.2 } },
      haproxy: { eastwall: { cpu_us_per_request: 0.8 } },
    });
    expect(both.ratios['haproxy']).not.toHaveProperty('haproxy');
  });
});

describe('table', () => {
  it('lines up what was measured and leaves out what was not', () => {
    const withNothing = {
      ...both,
      subjects: { direct: { figures: {}, spread: {}, rounds: [] }, ...both.subjects },
    };
    expect(table(withNothing).split('\n').slice(1)).toEqual([
      'subject   CPU µs/req  spread  × haproxy  req/s  p50 µs',
      'haproxy         20.0     0 %              1000       5',
      'eastwall        25.0     0 %       1.25    900       6',
      '',
    ]);
  });
});
