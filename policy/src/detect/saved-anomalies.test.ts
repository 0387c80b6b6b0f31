import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANOMALY_LIMITS, Anomalies, type ObservedCalls } from './anomaly.ts';

const HOUR = 3_600_000;
const LIMITS = { ...ANOMALY_LIMITS, maxEdges: 8, maxCallers: 4 };
const START = 500_000 * HOUR;

const call = (change: Partial<ObservedCalls> = {}): ObservedCalls => ({
  caller: 1,
  destination: 2,
  operation: 3,
  calls: 100,
  bytes: 1_000,
  alertsPerWeek: 1,
  ...change,
});

/** Nine days of a hundred calls an hour. */
function learnt(): { anomalies: Anomalies; end: number } {
  const anomalies = new Anomalies(LIMITS, START);
  const end = START + 9 * 24 * HOUR;
  for (let now = START; now < end; now += HOUR) anomalies.observe(call(), now);
  return { anomalies, end };
}

describe('what a caller usually does', () => {
  it('is known to the next process', () => {
    const { anomalies, end } = learnt();
    const next = new Anomalies(LIMITS, end);
    expect(next.restore(anomalies.save(), end)).toBe(true);
    for (const one of [anomalies, next]) {
      expect(one.observe(call(), end)).toEqual([]);
      expect(one.observe(call({ calls: 5_000 }), end)).toMatchObject([{ kind: 'call-anomaly' }]);
      expect(one.observe(call({ destination: 9, calls: 0 }), end)).toMatchObject([{ kind: 'new-edge' }, {}]);
    }
    expect(new Anomalies(LIMITS, end).observe(call({ calls: 5_000 }), end)).toEqual([]);
  });

  it('is the same when it is saved again', () => {
    const { anomalies, end } = learnt();
    const saved = anomalies.save();
    const next = new Anomalies(LIMITS, end);
    next.restore(saved, end);
    expect(Buffer.from(next.save()).equals(Buffer.from(saved))).toBe(true);
  });

  it('is taken up as well without what was not kept apart before', () => {
    const { anomalies, end } = learnt();
    const next = new Anomalies(LIMITS, end);
    expect(next.restore(anomalies.save().subarray(0, -(8 + 4 + 2 * 64 * 1024)), end)).toBe(true);
    expect(next.observe(call({ calls: 5_000 }), end)).toMatchObject([{ kind: 'call-anomaly' }]);
    expect(next.observe(call({ destination: 9, calls: 0 }), end)).toMatchObject([{ kind: 'new-edge' }, {}]);
  });

  it('is as old to a process that begins after the clock was set', () => {
    const { anomalies, end } = learnt();
    anomalies.observe(call({ caller: 8, calls: 0 }), end);
    for (const ahead of [-400, 400]) {
      const later = end + ahead * HOUR;
      const next = new Anomalies(LIMITS, later);
      next.restore(anomalies.save(ahead), later);
      expect(next.observe(call({ destination: 9, calls: 0 }), later)).toMatchObject([{ kind: 'new-edge' }]);
      expect(next.observe(call({ caller: 8, destination: 9, calls: 0 }), later)).toEqual([]);
      expect(next.observe(call({ calls: 5_000 }), later)).toMatchObject([{ kind: 'call-anomaly' }]);
    }
  });

  it('is not taken up when it is cut short, too long, or more than there is room for', () => {
    const { anomalies, end } = learnt();
    const saved = anomalies.save();
    const fresh = () => new Anomalies(LIMITS, end);
    expect(fresh().restore(saved.subarray(0, -1), end)).toBe(false);
    expect(fresh().restore(new Uint8Array([...saved, 0]), end)).toBe(false);
    expect(fresh().restore(new Uint8Array(), end)).toBe(false);
    anomalies.observe(call({ operation: 4 }), end);
    expect(new Anomalies({ ...LIMITS, maxEdges: 1 }, end).restore(anomalies.save(), end)).toBe(false);
  });

  it('may be any bytes: then it is some state, and works', () => {
    const { anomalies, end } = learnt();
    const saved = anomalies.save();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1_200), fc.nat(255)), { maxLength: 400 }), (changes) => {
        const bytes = saved.slice();
        for (const [at, value] of changes) bytes[at] = value;
        const next = new Anomalies(LIMITS, end);
        next.restore(bytes, end);
        for (let hour = 0; hour < 30; hour++)
          for (const { excess } of next.observe(call({ calls: 400 }), end + hour * HOUR))
            if (excess !== null) expect(Number.isFinite(excess.multiple)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
