import { CronSchedule, DEFAULT_GUARDS, type GuardSettings, PROVENANCE_LIMITS } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aWorkload } from '../../testing/workloads.ts';
import { FORM } from '../inspect/id-form.ts';
import { type AskedId, AskedIds, type Asking } from './asked-ids.ts';
import { actionFor, EnumerationGuard, enumerationSight } from './enumeration.ts';
import { NEVER, Provenance } from './provenance.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const IDLE_MS = 60 * MINUTE;
const orders = { key: 1 };
const destination = { key: 'k', ip: '10.0.0.1', port: 80, services: [] };

function setUp(settings: GuardSettings = DEFAULT_GUARDS) {
  let now = 0;
  const provenance = new Provenance({ limits: PROVENANCE_LIMITS, maxWorkloads: 2, shared: false });
  const wanted: number[] = [];
  let clockSetBy = 0;
  const guard = new EnumerationGuard({
    now: () => now + clockSetBy,
    monotonic: () => now,
    provenance,
    maxKeys: 256,
    inboundIdleMs: IDLE_MS,
    wantInbound: () => wanted.push(now),
  });
  const asked = new AskedIds(guard);
  const caller = aWorkload();
  const asking: Asking = { caller, principal: null, place: orders, operation: 1, settings, contract: null };
  let id = 1;
  const newId = () => {
    id++;
    return { h1: Math.imul(id, 0x9e3779b1) >>> 0, h2: Math.imul(id, 0x85ebca6b) >>> 0 };
  };
  const ask = (
    found: Partial<AskedId> & { h1: number; h2: number } = newId(),
    change: Partial<Asking> = {},
  ) => {
    asked.begin({ ...asking, ...change });
    asked.add({ positionKey: 3, form: FORM.int, numeric: id, madeAt: -1, ...found });
    return asked.tier;
  };
  const show = (found = newId()) => {
    const { filter } = provenance.of(caller, now).caller;
    filter.show({ source: 'response', ids: 0 }, found, now);
    return found;
  };
  const learn = () => {
    ask();
    for (let i = 0; i < 1_000; i++) {
      now += 2 * MINUTE;
      provenance.of(caller, now).caller.filter.advance(now);
      ask(show());
      asked.answered(200);
    }
  };
  /** The workload is met, and is young no more. */
  const pass = () => {
    for (let i = 0; i < 10; i++) ask();
    now += PROVENANCE_LIMITS.shown.periodMs;
  };
  return {
    pass,
    guard,
    asked,
    asking,
    ask,
    newId,
    show,
    learn,
    provenance,
    wanted,
    advance: (ms: number) => (now += ms),
    setClock: (byMs: number) => (clockSetBy += byMs),
  };
}

test('ids that were shown pass; a handful that were not is an alert', () => {
  const { ask, learn, show, asked } = setUp();
  learn();
  expect(ask(show())).toBe('quiet');
  let asks = 1;
  while (ask() !== 'alert' && asks < 50) asks++;
  expect(asks).toBeLessThanOrEqual(10);
  const sight = asked.evidence && enumerationSight(asked.evidence, asked);
  expect(sight).toMatchObject({
    detection: 'object-enumeration',
    evidence: { signals: expect.stringContaining('provenance') },
  });
  expect(sight?.explanation).toContain('never shown');
});

test('however many users call through a workload, what is usual for another stays known', () => {
  const { ask, learn } = setUp();
  learn();
  const caller = aWorkload({ name: 'gateway', uid: 'u-gateway' });
  for (let user = 0; user < 20_000; user++) ask(undefined, { caller, principal: `iss user-${user}` });
  let asks = 1;
  while (ask() !== 'alert' && asks < 50) asks++;
  expect(asks).toBeLessThanOrEqual(10);
});

test('a scheduled job that has its ids from elsewhere is noticed, and nobody else', () => {
  for (const [kind, noticed] of [
    ['CronJob', true],
    ['Deployment', false],
  ] as const) {
    const { ask, asked, advance } = setUp();
    const caller = aWorkload({ kind });
    ask(undefined, { caller });
    advance(20 * MINUTE);
    let batches = 0;
    for (let n = 0; n < 400; n++) {
      ask(undefined, { caller });
      if (asked.batch !== null) batches++;
    }
    expect(batches > 0, kind).toBe(noticed);
  }
});

test('ids that were made one after another look like that', () => {
  const { ask, asked, learn, newId } = setUp();
  learn();
  const made = Date.UTC(2026, 3);
  for (let n = 0; n < 20; n++) ask({ ...newId(), form: FORM.uuid, numeric: -1, madeAt: made + 40 * n });
  expect(asked.evidence).toMatchObject({ shape: 'timed', signals: ['provenance', 'shape'] });
  const sight = asked.evidence && enumerationSight(asked.evidence, asked);
  expect(sight?.explanation).toContain('ordered by time');
});

test('another operation, or another place in it, is another walk', () => {
  const { ask, learn, asked, asking, guard } = setUp();
  learn();
  for (let operation = 100; operation < 140; operation++) expect(ask(undefined, { operation })).toBe('quiet');
  const other = new AskedIds(guard);
  for (let position = 10; position < 40; position++) {
    other.begin(asking);
    other.add({
      h1: position * 77_777,
      h2: position * 99_999,
      positionKey: position,
      form: FORM.slug,
      numeric: -1,
      madeAt: -1,
    });
    expect(other.tier).toBe('quiet');
  }
  expect(asked.evidence).toBeNull();
});

test('how it was answered is told for first touches only', () => {
  const { ask, asked, learn, show } = setUp();
  learn();
  const tiers = Array.from({ length: 20 }, () => {
    const tier = ask(show());
    asked.answered(404);
    return tier;
  });
  expect(tiers).toContain('alert');
  expect(asked.evidence?.signals).toContain('misses');
});

test('nothing is held against a workload that the agent has just met', () => {
  const { ask } = setUp();
  for (let i = 0; i < 500; i++) expect(['quiet', 'audit']).toContain(ask());
});

test('a contract is kept per caller, and counts over its requests', () => {
  const { guard, ask, advance } = setUp();
  const schedule = CronSchedule.parse('0 0 * * *');
  if (!schedule.ok) throw new Error(schedule.error);
  const terms = { distinctPerRun: 3, schedule: schedule.value, runMs: 60 * MINUTE };
  const scope = { expectation: () => ({ id: 'shop/p/job', terms, to: [] }) };
  const contractOf = (name: string) =>
    guard.contractOf(
      { caller: aWorkload({ name }), destination, scope },
      { method: 'GET', path: '/orders/1' },
    );
  const tiers = Array.from({ length: 4 }, () => {
    advance(1_000);
    return ask(undefined, { contract: contractOf('job') });
  });
  expect(tiers).toEqual(['quiet', 'quiet', 'quiet', 'alert']);
  expect(contractOf('other')?.taken).toBe(0);
});

test('a schedule goes by the clock as it is set', () => {
  const { guard, ask, asking, setClock } = setUp();
  const schedule = CronSchedule.parse('0 0 * * *');
  if (!schedule.ok) throw new Error(schedule.error);
  const terms = { distinctPerRun: 300, schedule: schedule.value, runMs: 60 * MINUTE };
  const scope = { expectation: () => ({ id: 'shop/p/job', terms, to: [] }) };
  const contract = guard.contractOf(
    { caller: asking.caller, destination, scope },
    { method: 'GET', path: '/orders/1' },
  );
  for (const [hours, taken] of [
    [2, 0],
    [22, 1],
    [2, 1],
  ] as const) {
    setClock(hours * 60 * MINUTE);
    ask(undefined, { contract });
    expect(contract?.taken).toBe(taken);
  }
});

test.each([
  ['forward blocks nobody who is not known for a week', 1, 8, 'throttle'],
  ['back spares nobody who is', 9, -30, 'block'],
] as const)('a clock that is set %s', (_, knownForDays, setByDays, worst) => {
  const { ask, learn, show, advance, setClock } = setUp();
  learn();
  advance(knownForDays * DAY);
  ask(show());
  setClock(setByDays * DAY);
  const tiers = Array.from({ length: 60 }, () => ask());
  expect(tiers.at(-1)).toBe(worst);
});

test('workloads are bounded, and known by name and not by pod', () => {
  const { provenance } = setUp();
  const first = provenance.of(aWorkload({ uid: 'a', labels: { 'pod-template-hash': '1' } }), 0);
  const second = provenance.of(aWorkload({ uid: 'b', labels: { 'pod-template-hash': '2' } }), 0);
  expect(second.caller).toBe(first.caller);
  expect(second.image).not.toBe(first.image);
  provenance.of(aWorkload({ name: 'x' }), 0);
  provenance.of(aWorkload({ name: 'y' }), 0);
  expect(provenance.takeCounts().forgotten).toBe(1);
  expect(provenance.takeCounts().forgotten).toBe(0);
  expect(provenance.of(aWorkload({ uid: 'a' }), 0).caller).not.toBe(first.caller);
});

test('right after an upgrade no unexplained id is held against anybody, and later a walk is seen as before', () => {
  const [before, after] = [setUp(), setUp()];
  before.learn();
  after.advance(before.guard.monotonic());
  for (const baseline of before.guard.save()) after.guard.restore(baseline);
  // What it gets now, the agent before this one saw it being shown.
  const tiers = Array.from({ length: 20 }, () => after.ask());
  expect(new Set(tiers)).toEqual(new Set(['quiet']));
  after.advance(PROVENANCE_LIMITS.shown.periodMs);
  let asks = 1;
  while (after.ask() !== 'alert' && asks < 50) asks++;
  expect(asks).toBeLessThanOrEqual(8);
});

test('right after an upgrade misses and numbers of ids are judged as before', () => {
  for (const [asks, status, signal] of [
    [20, 404, 'misses'],
    [60, 200, 'baseline'],
  ] as const) {
    const [before, after] = [setUp(), setUp()];
    before.learn();
    after.advance(before.guard.monotonic());
    for (const baseline of before.guard.save()) after.guard.restore(baseline);
    for (let n = 0; n < asks; n++) {
      after.ask();
      after.asked.answered(status);
    }
    expect(after.asked.evidence?.signals).toEqual([signal]);
  }
});

test('while another agent takes over, what is shown there is not held against who asks for it here', () => {
  const { ask, learn, provenance, guard, advance, asked } = setUp();
  learn();
  provenance.missedByAll(guard.monotonic());
  const tiers = Array.from({ length: 20 }, () => ask());
  expect(new Set(tiers)).toEqual(new Set(['quiet']));
  expect(provenance.partlyKnown(guard.monotonic(), 1)).toEqual(['shop/Deployment/frontend']);
  expect(provenance.partlyKnown(guard.monotonic(), 0)).toEqual([]);
  for (let n = 0; n < 15; n++) {
    ask();
    asked.answered(404);
  }
  const sight = asked.evidence && enumerationSight(asked.evidence, asked);
  expect(sight?.evidence).toMatchObject({ signals: 'misses', shownElsewhere: 'known in part' });
  advance(PROVENANCE_LIMITS.shown.periodMs);
  expect(provenance.partlyKnown(guard.monotonic(), 1)).toEqual([]);
});

test.each([40, -600])(
  'a clock that is set by %i minutes forgets nothing that was shown, and excuses nobody',
  (minutes) => {
    const { ask, learn, show, asked, setClock } = setUp();
    learn();
    const shown = Array.from({ length: 10 }, () => show());
    setClock(minutes * MINUTE);
    for (const id of shown) expect(ask(id)).toBe('quiet');
    expect(asked.evidence).toBeNull();
    let asks = 1;
    while (ask() !== 'alert' && asks < 50) asks++;
    expect(asks).toBeLessThanOrEqual(10);
  },
);

test('settings of namespaces have their own keys, up to a bound', () => {
  const { guard } = setUp();
  const settings = Array.from({ length: 10 }, (_, i) => ({ ...DEFAULT_GUARDS, alertBudgetPerWeek: i + 1 }));
  const engines = new Set(settings.map((each) => guard.engine(each)));
  expect(engines.size).toBe(4);
  expect(guard.engine({ ...DEFAULT_GUARDS })).toBe(guard.engine(DEFAULT_GUARDS));
});

test.each([
  ['quiet', 'Quarantine', 'Off'],
  ['audit', 'Block', 'Off'],
  ['alert', 'Block', 'Log'],
  ['alert', 'Off', 'Off'],
  ['throttle', 'Log', 'Log'],
  ['throttle', 'Quarantine', 'Throttle'],
  ['block', 'Throttle', 'Throttle'],
  ['block', 'Block', 'Block'],
  ['block', 'Quarantine', 'Quarantine'],
] as const)('at tier %s, where %s is wanted: %s', (tier, wanted, action) => {
  expect(actionFor(tier, wanted)).toBe(action);
});

test('what comes to a workload is worth watching once its pods ask for ids that nothing explains', () => {
  const { ask, show, guard, wanted, newId, provenance, asking, pass } = setUp();
  const { caller } = asking;
  pass();
  for (let i = 0; i < 100; i++) ask(show());
  ask();
  ask();
  expect([wanted, guard.wantsInbound(caller)]).toEqual([[], NEVER]);
  ask();
  expect([wanted.length, guard.wantsInbound(caller)]).toEqual([1, guard.monotonic()]);
  expect(guard.wantsInbound({ ...caller, uid: 'another', pod: 'another' })).toBe(guard.monotonic());
  expect(guard.wantsInbound({ ...caller, name: 'another' })).toBe(NEVER);

  const { filter } = provenance.of(caller, guard.monotonic()).caller;
  const serving = filter.openInbound(guard.monotonic());
  const id = newId();
  filter.showInbound(serving, id.h1, id.h2);
  ask(id);
  expect(wanted).toHaveLength(1);
});

test('it is not by ids that are long apart, nor by those that would be explained if more was known', () => {
  const { ask, guard, wanted, asking, advance, pass } = setUp();
  pass();
  for (let i = 0; i < 10; i++) ask(undefined, { operation: 0 });
  for (let i = 0; i < 5; i++) {
    ask();
    advance(IDLE_MS);
  }
  expect([wanted, guard.wantsInbound(asking.caller)]).toEqual([[], NEVER]);
});

test('it is by what only requests explain, which an agent sees that begins while they are observed', () => {
  const { ask, guard, newId, provenance, asking } = setUp();
  ask();
  const { filter } = provenance.of(asking.caller, guard.monotonic()).caller;
  const serving = filter.openInbound(guard.monotonic());
  for (let i = 0; i < 3; i++) {
    const id = newId();
    filter.showInbound(serving, id.h1, id.h2);
    ask(id);
  }
  expect(guard.wantsInbound(asking.caller)).toBe(guard.monotonic());
});

test('it goes on to be for as long as only what it is asked explains its ids', () => {
  const { ask, show, guard, newId, provenance, asking, advance, pass } = setUp();
  pass();
  for (let i = 0; i < 3; i++) ask();
  const lastUnshown = guard.wantsInbound(asking.caller);
  advance(MINUTE);
  for (let i = 0; i < 10; i++) ask(show());
  expect(guard.wantsInbound(asking.caller)).toBe(lastUnshown);
  const { filter } = provenance.of(asking.caller, guard.monotonic()).caller;
  const id = newId();
  filter.showInbound(filter.openInbound(guard.monotonic()), id.h1, id.h2);
  ask(id);
  expect(guard.wantsInbound(asking.caller)).toBe(lastUnshown + MINUTE);
});

test('how workloads come to know ids is counted, also of those that made room, and said once', () => {
  const { provenance } = setUp();
  const id = { h1: 1, h2: 2 };
  const full = { source: 'response' as const, ids: PROVENANCE_LIMITS.maxIdsPerMessage };
  for (const name of ['x', 'y', 'z']) {
    const { filter } = provenance.of(aWorkload({ name }), 0).caller;
    filter.show({ source: 'response', ids: 0 }, id, 0);
    filter.show(full, id, 0);
  }
  expect(provenance.takeCounts()).toMatchObject({
    shown: { response: 3, refused: 3, peer: 0 },
    forgotten: 1,
  });
  expect(provenance.takeCounts()).toMatchObject({ shown: { response: 0, refused: 0 }, forgotten: 0 });
});
