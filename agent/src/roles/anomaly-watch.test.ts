import { ANOMALY_LIMITS, type GuardAction, GuardProfiles } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aUsage } from '../../testing/operation-usage.ts';
import { aWorkload } from '../../testing/workloads.ts';
import type { Sign } from '../guard/finding-book.ts';
import { AnomalyWatch } from './anomaly-watch.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FRONTEND = 'shop/frontend';

function setUp(action: GuardAction = 'Log') {
  const clock = { now: Date.UTC(2026, 0, 5), setBy: 0 };
  const signs: Sign[] = [];
  const quarantined: string[] = [];
  const profiles = GuardProfiles.empty().with({
    upsert: [{ name: 'p', generation: 1, detections: [{ id: 'call-anomaly', action }] }],
  });
  const watch = new AnomalyWatch({
    limits: ANOMALY_LIMITS,
    now: () => clock.now + clock.setBy,
    monotonic: () => clock.now,
    note: (sign) => signs.push(sign),
    quarantine: ({ name }) => quarantined.push(name),
    profiles: () => profiles,
    workload: (name) => (name === FRONTEND ? aWorkload() : aWorkload({ name: 'newcomer' })),
  });
  const use = (calls: number, received = calls * 100, changes: object = {}) =>
    watch.look([
      aUsage({ calls, callers: { [FRONTEND]: calls }, receivedBy: { [FRONTEND]: received }, ...changes }),
    ]);
  /** Two weeks like each other. */
  const learn = () => {
    for (let hour = 0; hour < 14 * 24; hour++) {
      use(100);
      clock.now += HOUR;
    }
  };
  return { watch, clock, signs, quarantined, use, learn };
}

test('what is usual is no sign, and a multiple of it is one', () => {
  const { use, learn, signs } = setUp();
  learn();
  expect(signs).toEqual([]);
  use(3_000, 1);
  expect(signs).toMatchObject([
    {
      detection: 'call-anomaly',
      destination: 'shop/orders:80',
      operation: 'GET /orders/{orderId}',
      caller: { name: 'frontend' },
      action: 'log',
      evidence: { amount: 3_000 },
    },
  ]);
  expect(signs[0]?.explanation).toMatch(/^has made 3000 calls in this hour, \d+(\.\d)? times/);
});

test('bytes that a caller received are its own, also when others called too', () => {
  const { use, learn, signs } = setUp();
  learn();
  use(100, 0, {
    callers: { [FRONTEND]: 1, 'shop/export': 99 },
    receivedBy: { [FRONTEND]: 9e8, 'shop/export': 10 },
  });
  expect(signs).toMatchObject([{ detection: 'volume-anomaly', caller: { name: 'frontend' } }]);
});

test('a service that a workload has never called is a sign without an operation', () => {
  const { use, learn, signs } = setUp();
  learn();
  use(1, 1, { service: 'ledger' });
  expect(signs).toMatchObject([{ detection: 'new-edge', destination: 'shop/ledger:80', operation: '' }]);
});

test.each([-60 * DAY, 60 * DAY])('a clock that is set by %d ms makes nothing new that is old', (ms) => {
  const { use, learn, signs, clock } = setUp();
  learn();
  use(1, 1, { callers: { 'shop/newcomer': 1 } });
  clock.setBy = ms;
  use(1, 1);
  // Nobody knows yet whom it usually calls.
  use(1, 1, { callers: { 'shop/newcomer': 1 }, service: 'ledger' });
  expect(signs).toEqual([]);
  use(1, 1, { service: 'ledger' });
  expect(signs).toMatchObject([{ detection: 'new-edge' }]);
});

test('the profile may look away, or have the workload set aside', () => {
  const off = setUp('Off');
  off.learn();
  off.use(3_000, 1);
  expect(off.signs).toEqual([]);
  const aside = setUp('Quarantine');
  aside.learn();
  aside.use(3_000, 1);
  expect(aside.quarantined).toEqual(['frontend']);
  expect(aside.signs).toMatchObject([{ action: 'quarantine' }]);
});

test('probes and what nobody reads have no baseline', () => {
  const { use, learn, signs } = setUp();
  learn();
  use(1e6, 1, { kind: 'probes' });
  use(1e6, 1, { kind: 'tls' });
  expect(signs).toEqual([]);
});
