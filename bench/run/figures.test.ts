import { describe, expect, it } from 'vitest';
import { added, ratio, summarise } from './figures.ts';

describe('summarise', () => {
  it('takes each figure on its own', () => {
    const rounds = [
      { cpu_us_per_request: 10, rps: 100 },
      { cpu_us_per_request: 30, rps: 300 },
      { cpu_us_per_request: 20, rps: 200 },
    ];
    expect(summarise(rounds)).toMatchObject({
      figures: { cpu_us_per_request: 20, rps: 200 },
      spread: { cpu_us_per_request: 1, rps: 1 },
    });
  });

  it('leaves out what was never measured', () => {
    expect(summarise([{ rps: 1 }]).figures).toEqual({ rps: 1 });
  });
});

describe('ratio', () => {
  it('has only the figures that both have', () => {
    const mine = [{ cpu_us_per_request: 30, rps: 50 }];
    expect(ratio(mine, [{ cpu_us_per_request: 20, rss_kib: 1 }])).toEqual({ cpu_us_per_request: 1.5 });
  });

  it('is taken within each round', () => {
    const [slow, fast, odd] = [{ rps: 100 }, { rps: 1_000 }, { rps: 1 }];
    expect(ratio([{ rps: 200 }, { rps: 2_000 }, { rps: 9 }], [slow, fast, odd])).toEqual({ rps: 2 });
  });

  it('has no ratio to nothing', () => {
    expect(ratio([{ rss_kib_per_connection: 3 }], [{ rss_kib_per_connection: 0 }])).toEqual({});
  });
});

describe('added', () => {
  it('is what it takes longer, and never less than nothing', () => {
    expect(added({ p50_us: 30, p99_us: 70 }, { p50_us: 10, p99_us: 90 })).toMatchObject({
      added_p50_us: 20,
      added_p99_us: 0,
    });
  });

  it('is unknown without something to compare with', () =>
    expect(added({ p50_us: 30 }, {})).toEqual({ p50_us: 30 }));
});
