import { type Decision, GuardProfiles } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aGuardIds } from '../../testing/guards.ts';
import { aRequestView } from '../../testing/request-view.ts';
import { aWorkload } from '../../testing/workloads.ts';
import { Exchange } from '../exchange/exchange.ts';
import { type Learned, readLearned } from '../record/learned.ts';
import { Guards } from './guards.ts';
import { LimitGuard } from './limits.ts';
import { OperationBook } from './operation-book.ts';

const ALLOWED: Decision = { verdict: 'allow', reason: 'ungoverned', policy: null, rule: null };
const QUARTER = 15 * 60_000;
const destination = (service: string) => ({
  key: service,
  ip: '10.0.0.1',
  port: 80,
  services: [{ namespace: 'shop', service, port: 80 }],
});

/** The guards of one process, which begins at `clock.now`. */
function begin(clock: { now: number }) {
  const guards = new Guards({
    node: 'n',
    clock: { now: () => clock.now, monotonic: () => clock.now },
    idPrefix: 'x',
    drift: { afterConnections: 5, afterMs: 600_000 },
    maxOpenFindings: 100,
    findingQuietMs: 1_000,
    fingerprint: (secret) => secret,
    shared: false,
    operations: new OperationBook({ now: () => clock.now, maxOperations: 100 }),
    ids: aGuardIds(() => clock.now),
    limits: new LimitGuard({ maxBuckets: 100, random: () => 0, wake: () => {} }),
    quarantine: () => {},
    verifyToken: () => {},
  });
  guards.replaceProfiles(GuardProfiles.empty());
  const caller = aWorkload();
  const ask = (path: string, service = 'orders') => {
    const parties = { caller, destination: destination(service), scope: { expectation: () => null } };
    const watch = guards.watcher(parties).watch();
    watch.request(aRequestView({ path }), ALLOWED, clock.now);
    const exchange = new Exchange();
    exchange.begin('http1', clock.now);
    Object.assign(exchange, { method: 'GET', path, status: 200, outcome: 'ok' });
    watch.end(exchange, clock.now);
    guards.operations.ended(exchange, { caller, destination: destination(service) });
  };
  const kept = (kind: Learned['kind']) => [...guards.save(clock.now)].filter((one) => one.kind === kind);
  return { guards, ask, kept };
}

/** By way of what control and a file hold. */
const throughText = (learned: Iterable<Learned>): Learned[] =>
  (JSON.parse(JSON.stringify([...learned])) as unknown[]).flatMap((one) => readLearned(one) ?? []);

test('what is usual for a caller is found again by the next process, whatever it sees first', () => {
  const clock = { now: 40 * QUARTER };
  const first = begin(clock);
  first.ask('/orders/1');
  clock.now += 2 * QUARTER;
  for (let id = 2; id < 400; id++) {
    clock.now += 1_000;
    first.ask(`/orders/${id}`);
    first.ask(`/zoo/${id}/meals/${id}`, 'zoo');
  }
  const saved = throughText(first.guards.save(clock.now));
  expect(saved.filter(({ kind }) => kind === 'operation')).toHaveLength(2);
  // One place for an id at the one, two at the other.
  expect(saved.filter(({ kind }) => kind === 'baseline')).toHaveLength(3);

  const next = begin(clock);
  // Places, names and operations get other numbers here.
  for (let i = 0; i < 5; i++) next.ask(`/other/${i}/things/${i}`, 'other');
  for (const learned of saved) next.guards.restore(learned, clock.now);
  clock.now += 2 * QUARTER;
  next.ask('/orders/7777');
  next.ask('/zoo/7777/meals/8888', 'zoo');
  const requests = next.kept('baseline').map((one) => one.kind === 'baseline' && one.numbers[4]);
  expect(requests.sort()).toEqual([398, 398, 399]);
  expect(next.kept('operation').length).toBeGreaterThanOrEqual(2);
});

test('that a destination speaks HTTP is remembered, and for how long it has', () => {
  const clock = { now: 40 * QUARTER };
  const first = begin(clock);
  for (let i = 0; i < 5; i++) first.guards.protocols.note('shop/orders:80', 'http1', clock.now);
  clock.now += 500_000;
  const next = begin(clock);
  for (const learned of throughText(first.guards.save(clock.now))) next.guards.restore(learned, 77);
  const note = (now: number) => next.guards.protocols.note('shop/orders:80', 'opaque', now);
  expect(note(77 + 100_000)).toMatchObject({ detection: 'protocol-drift' });
  expect(begin(clock).guards.protocols.note('shop/orders:80', 'opaque', 77 + 100_000)).toBeNull();
});
