import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { flowRecord } from '../../testing/flow-record.ts';
import { MergedFlows } from './merged-flows.ts';

describe('MergedFlows', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function setUp(agents: number) {
    const shown: number[] = [];
    return { shown, merged: new MergedFlows(agents, (record) => shown.push(record.time)) };
  }

  it('puts what several agents report within a moment in the order of its time', () => {
    const { shown, merged } = setUp(2);
    for (const time of [3, 1, 2]) merged.add(flowRecord({ time }));
    expect(shown).toEqual([]);
    vi.runAllTimers();
    expect(shown).toEqual([1, 2, 3]);
  });

  it('loses nothing at the end', () => {
    const { shown, merged } = setUp(2);
    merged.add(flowRecord({ time: 7 }));
    merged.end();
    expect(shown).toEqual([7]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('holds nothing for a single agent', () => {
    const { shown, merged } = setUp(1);
    merged.add(flowRecord({ time: 7 }));
    expect(shown).toEqual([7]);
  });
});
