import { describe, expect, it } from 'vitest';
import { hashesOf, Random } from '../../testing/lab/random.ts';
import { ANOMALY_LIMITS, Anomalies, type AnomalyKind, type ObservedCalls } from './anomaly.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5);

const aCall: ObservedCalls = {
  caller: 1,
  destination: 2,
  operation: 3,
  calls: 1,
  bytes: 100,
  alertsPerWeek: 1,
};

class Traffic {
  readonly anomalies = new Anomalies(ANOMALY_LIMITS, START);
  readonly #random = new Random(1);
  now = START;

  call(change: Partial<ObservedCalls> = {}): AnomalyKind[] {
    return this.anomalies.observe({ ...aCall, ...change }, this.now).map(({ kind }) => kind);
  }

  /** Busy by day, quiet by night, nightly a batch at three; twice as much or as little by chance. */
  hour(calls: (hourOfDay: number) => number = usualCalls): AnomalyKind[] {
    const count = Math.round(calls(Math.floor(this.now / HOUR) % 24) * (0.5 + 1.5 * this.#random.next()));
    const found: AnomalyKind[] = [];
    for (let i = 0; i < count; i++) {
      found.push(...this.call());
      this.now += HOUR / (count + 1);
    }
    this.now = Math.ceil(this.now / HOUR) * HOUR;
    return found;
  }
}

function usualCalls(hour: number): number {
  if (hour === 3) return 4_000;
  return hour < 7 || hour > 19 ? 10 : 600;
}

function weeks(traffic: Traffic, count: number): AnomalyKind[] {
  return Array.from({ length: count * 168 }, () => traffic.hour()).flat();
}

describe('Anomalies', () => {
  it('says nothing about days and nights, and about a batch', () => {
    expect(weeks(new Traffic(), 4)).toEqual([]);
  });

  it('sees what would be usual by day at night', () => {
    const traffic = new Traffic();
    weeks(traffic, 2);
    expect(new Set(traffic.hour(() => 3_000))).toEqual(new Set(['call-anomaly']));
  });

  it('sees many bytes in few calls', () => {
    const traffic = new Traffic();
    weeks(traffic, 2);
    expect(traffic.call({ bytes: 200 * 2 ** 20 })).toEqual(['volume-anomaly']);
  });

  it('sees a caller that looks round', () => {
    const traffic = new Traffic();
    weeks(traffic, 2);
    const found = Array.from({ length: 60 }, (_, i) => traffic.call({ operation: 100 + i * 7 })).flat();
    expect(new Set(found)).toEqual(new Set(['operation-anomaly']));
  });

  it('sees a destination that is new to a caller it knows, once', () => {
    const traffic = new Traffic();
    expect(traffic.call({ destination: 0x80 })).toEqual([]);
    traffic.now += DAY;
    expect(traffic.call({ destination: 0x80 })).toEqual([]);
    expect(traffic.call({ destination: 0x9000 })).toEqual(['new-edge']);
    expect(traffic.call({ destination: 0x9000 })).toEqual([]);
    expect(traffic.call({ caller: 5, destination: 0x9000 })).toEqual([]);
  });

  it('forgets no edge of others because of a caller that calls everything', () => {
    const traffic = new Traffic();
    const callers = Array.from({ length: 30 }, (_, i) => 100 + i);
    const each = () => callers.flatMap((caller) => traffic.call({ caller, destination: 0x80 }));
    each();
    traffic.call({ caller: 5 });
    traffic.now += DAY;
    for (let port = 0; port < 50_000; port++)
      traffic.call({ caller: 5, destination: hashesOf(port).h1, operation: hashesOf(port).h2, calls: 0 });
    expect(each()).toEqual([]);
    expect(traffic.call({ caller: 100, destination: 0x9000 })).toEqual(['new-edge']);
  });

  it('knows the many destinations of one caller again', () => {
    const traffic = new Traffic();
    const all = () =>
      Array.from({ length: 10_000 }, (_, host) =>
        traffic.call({ destination: hashesOf(host).h1, calls: 0 }),
      ).flat();
    all();
    for (let month = 0; month < 4; month++) {
      traffic.now += 25 * DAY;
      expect(all()).toEqual([]);
    }
  });

  it('takes less for an anomaly where more false alarms are put up with, also where that is any number', () => {
    const found = (alertsPerWeek: number) => {
      const traffic = new Traffic();
      // Now and then sixteen times as much: how far it is from what is usual varies a lot.
      for (let hour = 0; hour < 6 * 168; hour++) traffic.hour(() => (hour % 5 === 0 ? 160 : 10));
      const multiples = [1, 2, 4, 8, 16, 32, 64, 128];
      return multiples.filter((times) => {
        traffic.now += HOUR;
        return traffic.call({ calls: 320 * times, bytes: 0, alertsPerWeek }).includes('call-anomaly');
      }).length;
    };
    expect(found(100)).toBeGreaterThan(found(1));
    const steady = new Traffic();
    weeks(steady, 2);
    steady.now += 12 * HOUR;
    expect(steady.call({ calls: 900, alertsPerWeek: 1_000 })).toEqual([]);
  });

  it('takes hours of the week from the clock that is set, and never how long it has known somebody', () => {
    const traffic = new Traffic();
    weeks(traffic, 2);
    // Three in the morning is when the batch runs: 21 hours from midnight, as far as the clock says.
    const batch = { calls: 4_000, bytes: 0 };
    const at = (ahead: number) => traffic.anomalies.observe({ ...aCall, ...batch }, traffic.now, ahead);
    expect(at(3)).toEqual([]);
    expect(at(0)).toMatchObject([{ kind: 'call-anomaly' }]);
    const newcomer = { ...aCall, caller: 5, calls: 0 };
    traffic.anomalies.observe(newcomer, traffic.now, 0);
    expect(traffic.anomalies.observe({ ...newcomer, destination: 9 }, traffic.now, 48)).toEqual([]);
  });

  it('makes one attack usual only so far', () => {
    const traffic = new Traffic();
    weeks(traffic, 2);
    const attack = () => traffic.hour((hour) => (hour === 0 ? 40_000 : usualCalls(hour)));
    expect(attack()).toContain('call-anomaly');
    for (let hour = 1; hour < 168; hour++) traffic.hour();
    expect(attack()).toContain('call-anomaly');
  });

  it('takes the same memory for any number of callers', () => {
    const traffic = new Traffic();
    const { bytes } = traffic.anomalies;
    expect(bytes).toBeLessThan(2.5 * 2 ** 20);
    for (let i = 0; i < 10_000; i++) traffic.call({ caller: i, operation: i });
    expect(traffic.anomalies.bytes).toBe(bytes);
  });
});
