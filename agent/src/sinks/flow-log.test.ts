import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { EVERYTHING, type FlowFilter } from './flow-filter.ts';
import { FlowLog } from './flow-log.ts';

const BLOCKED: FlowFilter = { ...EVERYTHING, all: false };
const ids = (records: readonly { readonly id: string }[]) => records.map((record) => record.id);

function setUp(limits = {}) {
  const wantsAll: boolean[] = [];
  const log = new FlowLog({ capacity: 3, maxSubscribers: 2, queue: 2, ...limits }, (on) => wantsAll.push(on));
  return { log, wantsAll };
}

describe('FlowLog', () => {
  it('keeps the last records, by id and by time', () => {
    const { log } = setUp();
    log.append([1, 2, 3, 4, 5].map((n) => flowRecord({ id: `ew-${n}`, time: n })));
    expect(ids(log.since(0, EVERYTHING))).toEqual(['ew-3', 'ew-4', 'ew-5']);
    expect(ids(log.since(4, EVERYTHING))).toEqual(['ew-4', 'ew-5']);
    expect([log.find('ew-2'), log.find('ew-5')?.time]).toEqual([null, 5]);
  });

  it('never keeps more than its capacity, and finds exactly what it keeps', () => {
    const inserts = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), inserts, (capacity, names) => {
        const { log } = setUp({ capacity });
        log.append(names.map((name, time) => flowRecord({ id: `ew-${name}`, time })));
        const kept = log.since(0, EVERYTHING);
        expect(kept.map((record) => record.time)).toEqual(names.map((_, time) => time).slice(-capacity));
        for (const name of new Set(names)) {
          const latest = kept.findLast((record) => record.id === `ew-${name}`);
          expect(log.find(`ew-${name}`)).toBe(latest ?? null);
        }
      }),
    );
  });

  it('sorts by when exchanges began, not by when they were reported', () => {
    const { log } = setUp();
    log.append([flowRecord({ id: 'long', time: 9 }), flowRecord({ id: 'early', time: 1 })]);
    expect(ids(log.since(0, EVERYTHING))).toEqual(['early', 'long']);
  });

  it('wakes a subscriber once per filling and hands over what its filter lets through', () => {
    const { log } = setUp();
    let woken = 0;
    const subscription = log.subscribe(BLOCKED, () => woken++);
    log.append([flowRecord({ id: 'passed' }), deniedRecord({ id: 'a' }), deniedRecord({ id: 'b' })]);
    expect(woken).toBe(1);
    expect(subscription.take()).toMatchObject({ records: [{ id: 'a' }, { id: 'b' }], dropped: 0 });
    expect(subscription.take()).toEqual({ records: [], dropped: 0 });
    log.append([deniedRecord({ id: 'c' })]);
    expect(woken).toBe(2);
  });

  it('drops for the slow subscriber only, and counts', () => {
    const { log } = setUp();
    const slow = log.subscribe(EVERYTHING, () => {});
    const fast = log.subscribe(EVERYTHING, () => {});
    const seen: string[] = [];
    for (const id of ['a', 'b', 'c', 'd']) {
      log.append([flowRecord({ id })]);
      seen.push(...ids(fast.take().records));
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    const taken = slow.take();
    expect([ids(taken.records), taken.dropped]).toEqual([['a', 'b'], 2]);
    expect(log.counts.dropped).toBe(2);
  });

  it('asks the dataplanes for everything only while somebody wants it', () => {
    const { log, wantsAll } = setUp({ maxSubscribers: 3 });
    const blocked = log.subscribe(BLOCKED, () => {});
    expect(wantsAll).toEqual([]);
    const first = log.subscribe(EVERYTHING, () => {});
    const second = log.subscribe(EVERYTHING, () => {});
    first.close();
    first.close();
    expect(wantsAll).toEqual([true]);
    second.close();
    blocked.close();
    expect(wantsAll).toEqual([true, false]);
  });

  it('refuses more subscribers than it may have, and takes new ones when one has gone', () => {
    const { log } = setUp({ maxSubscribers: 1 });
    const only = log.subscribe(BLOCKED, () => {});
    expect(log.full).toBe(true);
    expect(() => log.subscribe(BLOCKED, () => {})).toThrow('more than 1 subscribers');
    only.close();
    expect(log.full).toBe(false);
  });
});
