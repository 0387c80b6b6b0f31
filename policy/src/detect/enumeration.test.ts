import { describe, expect, it } from 'vitest';
import { hashesOf } from '../../testing/lab/random.ts';
import { aTouch } from '../../testing/touch.ts';
import { Contract } from './contract.ts';
import { CronSchedule } from './cron.ts';
import { ENUMERATION_LIMITS, Enumeration, type EnumerationLimits } from './enumeration.ts';
import type { Tier } from './tier.ts';
import type { Touch } from './touch.ts';

const LIMITS: EnumerationLimits = { ...ENUMERATION_LIMITS, maxKeys: 64 };
const DAY = 86_400_000;
const MINUTE = 60_000;

/** One caller of one operation, asking for one id after the other. */
class Asking {
  readonly engine: Enumeration;
  now = 0;
  #id = 1_000;

  constructor(limits: Partial<EnumerationLimits> = {}) {
    this.engine = new Enumeration({ ...LIMITS, ...limits });
  }

  ask(change: Partial<Touch> = {}, key = 1): Tier {
    const id = this.#id++;
    const touch = aTouch({ ...hashesOf(id), value: id * 977, ...change });
    return this.engine.step(this.engine.key(key, 0, 5, this.now), touch);
  }

  /** As every day, spread over the days: 1 % of the ids are unexplained. */
  learn(days: number, perDay = 1_000): void {
    for (let i = 1; i <= days * perDay; i++) {
      this.now += DAY / perDay;
      this.ask({ explained: i % 100 !== 0 });
    }
  }

  /** Unexplained ids until the tier is reached; 999 if it never is. */
  until(tier: Tier, change: Partial<Touch> = {}, key = 1): number {
    for (let n = 1; n < 999; n++) {
      this.now += 1_000;
      if (this.ask({ explained: false, ...change }, key) === tier) return n;
    }
    return 999;
  }

  evidence() {
    return this.engine.evidence(this.engine.key(1, 0, 5, this.now));
  }
}

describe('Enumeration', () => {
  it('says nothing about usual traffic', () => {
    const asking = new Asking();
    for (let i = 0; i < 20_000; i++) expect(asking.ask({ explained: i % 100 !== 0 })).toBe('quiet');
  });

  it('alerts after a handful of ids that the caller was never shown', () => {
    const asking = new Asking();
    asking.learn(2);
    expect(asking.until('alert')).toBeLessThanOrEqual(6);
    expect(asking.evidence().signals).toEqual(['provenance']);
  });

  it('takes fewer that are counted up than ones that lie as those usual ones do that come in clusters', () => {
    const idsUntilAlert = (numberOf: (n: number) => number) => {
      const asking = new Asking();
      for (let i = 1; i <= 4_000; i++) {
        asking.now += DAY / 1_000;
        asking.ask({ explained: i % 200 >= 5 });
      }
      for (let n = 1; n < 999; n++)
        if (asking.ask({ explained: false, value: numberOf(n) }) === 'alert') return n;
      return 999;
    };
    const scattered = idsUntilAlert((n) => 977 * n);
    const counted = idsUntilAlert((n) => n);
    expect(counted).toBeLessThan(scattered);
    expect(counted).toBeGreaterThan(5);
  });

  it('does not alert before 200 requests', () => {
    const asking = new Asking();
    for (let i = 0; i < 199; i++) expect(['quiet', 'audit']).toContain(asking.ask({ explained: false }));
  });

  it('counts no retry', () => {
    const asking = new Asking();
    asking.learn(2);
    for (let i = 0; i < 500; i++) expect(asking.ask({ explained: false, firstTouch: false })).toBe('quiet');
  });

  it('holds nothing against a caller of whom too little was seen', () => {
    const asking = new Asking();
    asking.learn(2);
    for (let i = 0; i < 20; i++) expect(asking.ask({ explained: false, isYoung: true })).toBe('quiet');
  });

  it('is not warm by what it asked while too little was seen', () => {
    const asking = new Asking();
    for (let i = 0; i < 1_000; i++) asking.ask({ explained: false, isYoung: true });
    for (let i = 0; i < 1_000; i++) expect(['quiet', 'audit']).toContain(asking.ask({ explained: false }));
  });

  it('adds nothing to the evidence of unexplained ids while not all is known of what the caller was shown', () => {
    const asking = new Asking();
    asking.learn(2);
    const tiers = Array.from({ length: 20 }, () => asking.ask({ explained: false, isPartial: true }));
    expect(new Set(tiers)).toEqual(new Set(['quiet']));
    // Neither for nor against it: what there was before stays.
    expect(asking.until('alert')).toBeLessThan(999);
    for (let i = 0; i < 500; i++) asking.ask({ isPartial: true });
    expect(asking.ask({ explained: false, isPartial: true })).not.toBe('quiet');
  });

  describe('while the caller is also asked what is not seen', () => {
    /** Two days in which requests that it served explained that many of 100 ids. */
    function served(percent: number): Asking {
      const asking = new Asking();
      for (let i = 0; i < 2_000; i++) {
        asking.now += DAY / 1_000;
        asking.ask({ served: i % 100 < percent });
      }
      return asking;
    }

    it('has as many unexplained ids as it would have if nobody saw what it is asked', () => {
      const asking = served(20);
      const usual = (isUnseen: boolean) =>
        Array.from({ length: 500 }, (_, i) => {
          asking.now += DAY / 1_000;
          return asking.ask({ explained: i % 5 !== 0, isUnseen });
        });
      expect(new Set(usual(true))).toEqual(new Set(['quiet']));
      expect(usual(false)).toContain('alert');
    });

    it('is an alert after few ids where nobody has asked it for any', () => {
      const asking = served(0);
      expect(asking.until('alert', { isUnseen: true })).toBeLessThanOrEqual(8);
    });

    it('is one after some more where it is usually asked for a part of them', () => {
      const asking = served(20);
      expect(asking.until('alert', { isUnseen: true })).toBeLessThanOrEqual(25);
      expect(asking.evidence().usualUnexplained).toBeGreaterThan(0.2);
    });
  });

  it('still sees misses while not all is known of what the caller was shown', () => {
    const asking = new Asking();
    asking.learn(2);
    const guess = () => {
      const tier = asking.ask({ explained: false, isPartial: true });
      asking.engine.answered(1, 0, true);
      return tier;
    };
    expect(Array.from({ length: 20 }, guess)).toContain('alert');
    expect(asking.evidence().signals).toEqual(['misses']);
  });

  it('never refuses an id that the caller was shown', () => {
    const asking = new Asking();
    asking.learn(8);
    asking.until('throttle');
    expect(asking.ask({ explained: true })).toBe('alert');
    expect(asking.ask({ explained: false })).toBe('throttle');
  });

  it('blocks for two signals, after a week', () => {
    let id = 10;
    const sequential = () => ({ explained: false, value: id++ });
    const walk = (asking: Asking) => {
      for (let n = 0; n < 60; n++) if (asking.ask(sequential()) === 'block') return true;
      return false;
    };
    const known = new Asking();
    known.learn(8);
    expect(walk(known)).toBe(true);
    expect(known.evidence().signals).toEqual(['provenance', 'shape']);
    expect(known.evidence().shape).toBe('sequential');
    const fresh = new Asking();
    fresh.learn(6);
    expect(walk(fresh)).toBe(false);
  });

  it('holds the block after a rollout, not the alert', () => {
    let id = 10;
    const asking = new Asking();
    asking.learn(8);
    const tiers = new Set<Tier>();
    for (let n = 0; n < 60; n++) tiers.add(asking.ask({ explained: false, value: id++, image: 2 }));
    expect(tiers.has('block')).toBe(false);
    expect(tiers.has('throttle')).toBe(true);
  });

  it('sees guessing by its misses where provenance says nothing', () => {
    const asking = new Asking();
    for (let i = 0; i < 3_000; i++) {
      asking.now += MINUTE;
      asking.ask({ explained: false });
      asking.engine.answered(1, 0, false);
    }
    expect(asking.evidence().usualUnexplained).toBeNull();
    expect(asking.ask({ explained: false })).toBe('quiet');
    for (let i = 0; i < 5; i++) asking.engine.answered(1, 0, true);
    expect(asking.ask({ explained: false })).toBe('alert');
    expect(asking.evidence().signals).toEqual(['misses']);
  });

  it('falls back on the number of ids where provenance says nothing', () => {
    const asking = new Asking();
    for (let run = 0; run < 12; run++) {
      for (let i = 0; i < 300; i++) expect(asking.ask({ explained: false })).not.toBe('alert');
      asking.now += DAY / 4;
    }
    const ids = asking.until('alert');
    expect(ids).toBeGreaterThan(300);
    expect(ids).toBeLessThan(600);
  });

  it('calms down when the caller does as usual again', () => {
    const asking = new Asking();
    asking.learn(2);
    asking.until('throttle');
    for (let i = 0; i < 1_500; i++) {
      asking.now += MINUTE;
      asking.ask();
    }
    expect(asking.ask()).toBe('quiet');
  });

  it('measures a user by what is usual for the workload', () => {
    const asking = new Asking();
    asking.learn(2);
    const { engine } = asking;
    let n = 0;
    for (let tier: Tier = 'quiet'; tier !== 'alert' && n < 50; n++) {
      const user = engine.key(77, 77, 6, asking.now);
      const touch = aTouch({ ...hashesOf(n), explained: false, form: 'other' });
      tier = engine.step(user, touch, {
        parent: engine.key(1, 0, 5, asking.now),
        highs: engine.key(2, 0, 7, asking.now),
      });
    }
    expect(n).toBeLessThanOrEqual(10);
  });

  it('lets a job walk under its contract, and alerts beyond it', () => {
    const schedule = CronSchedule.parse('0 * * * *');
    if (!schedule.ok) throw new Error(schedule.error);
    const contract = new Contract({ distinctPerRun: 100, schedule: schedule.value, runMs: 10 * MINUTE });
    const asking = new Asking();
    for (let i = 0; i < 100; i++)
      expect(asking.ask({ explained: false, contract, inForce: true })).toBe('quiet');
    expect(asking.ask({ explained: false, contract, inForce: true })).toBe('alert');
    asking.now = 30 * MINUTE;
    expect(asking.until('alert', { contract })).toBeLessThanOrEqual(10);
  });
});

describe('a flood of keys', () => {
  it('takes no memory: 20,000 keys stay under 6.1 MiB', () => {
    const engine = new Enumeration(ENUMERATION_LIMITS);
    expect(engine.bytes).toBeLessThan(6.1 * 1024 * 1024);
    expect(engine.bytes / ENUMERATION_LIMITS.maxKeys).toBeLessThan(318);
    const before = engine.bytes;
    for (let i = 0; i < 100_000; i++) engine.key(i, i * 31, 5, 0);
    expect(engine.size).toBe(ENUMERATION_LIMITS.maxKeys);
    expect(engine.bytes).toBe(before);
  });

  it('does not wash away the evidence against an attacker', () => {
    const asking = new Asking();
    asking.learn(2);
    let stranger = 1_000;
    let ids = 0;
    for (let tier: Tier = 'quiet'; tier !== 'alert' && ids < 100; ids++) {
      for (let i = 0; i < 200; i++) asking.ask({}, stranger++);
      tier = asking.ask({ explained: false });
    }
    expect(ids).toBeLessThanOrEqual(7);
  });

  it.each([
    ['of operations', (engine: Enumeration, n: number, now: number) => engine.key(99, n, 5, now)],
    [
      'of users',
      (engine: Enumeration, n: number, now: number) => {
        engine.key(99, 7, 5, now);
        return engine.keyUnder(99, 1_000 + n, 7, ~5);
      },
    ],
  ])('by one caller leaves what is known of the others: %s', (_, keyOf) => {
    const asking = new Asking({ maxKeys: 256 });
    asking.learn(2);
    // Until nothing speaks against it.
    for (let i = 0; i < 500; i++) {
      asking.now += MINUTE;
      asking.ask();
    }
    const { engine, now } = asking;
    for (let n = 0; n < 20_000; n++)
      engine.step(keyOf(engine, n, now), aTouch({ ...hashesOf(n), form: 'other' }));
    expect(asking.until('alert')).toBeLessThanOrEqual(10);
  });

  it('is itself seen when each of its keys walks one step', () => {
    const asking = new Asking();
    asking.learn(2);
    let stranger = 1_000;
    for (let i = 0; i < 500; i++) asking.ask({}, stranger++);
    let ids = 0;
    for (let tier: Tier = 'quiet'; tier !== 'alert' && ids < 100; ids++)
      tier = asking.ask({ explained: false }, stranger++);
    expect(ids).toBeLessThan(20);
  });
});
