import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { flowRecord } from '../../testing/flow-record.ts';
import { MergedFlows } from './merged-flows.ts';

describe('MergedFlows', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function setUp(agents: number) {
    const shown: number[] = [];
    const merged = new MergedFlows((record) => shown.push(record.time));
    if (agents > 0) merged.begun(agents);
    return { shown, merged };
  }

  it('puts what several agents report within a moment in the order of its time', () => {
    const { shown, merged } = setUp(2);
    for (const time of [3, 1, 2]) merged.add(flowRecord({ time }));
    expect(shown).toEqual([]);
    vi.runAllTimers();
    expect(shown).toEqual([1, 2, 3]);
  });

  it('waits until all agents have been reached, so that what they have kept is in order', () => {
    const { shown, merged } = setUp(0);
    for (const time of [5, 4]) merged.add(flowRecord({ time }));
    vi.runAllTimers();
    merged.add(flowRecord({ time: 3 }));
    expect(shown).toEqual([]);
    merged.begun(2);
    vi.runAllTimers();
    expect(shown).toEqual([3, 4, 5]);
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
