import { describe, expect, it } from 'vitest';
import { aFinding } from '../../testing/findings.ts';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import type { AgentEvent } from '../events/agent-event.ts';
import { EventFeed } from './event-feed.ts';

function setUp(perSecond: number) {
  const told: string[] = [];
  const suppressed: number[] = [];
  const clock = { time: 0, now: () => 0, monotonic: () => clock.time };
  const sinks = [{ accept: (event: AgentEvent) => void told.push(event.uid) }];
  const onSuppressed = (count: number) => void suppressed.push(count);
  return { told, suppressed, clock, feed: new EventFeed({ sinks, clock, perSecond, onSuppressed }) };
}

describe('EventFeed', () => {
  it('tells of what was blocked or would be, and nothing of what passed', () => {
    const { told, feed } = setUp(10);
    feed.append([
      flowRecord({ id: 'passed' }),
      deniedRecord({ id: 'denied' }),
      flowRecord({ id: 'audited', verdict: 'would-deny' }),
    ]);
    expect(told).toEqual(['denied', 'audited']);
  });

  it('tells of the turns of a finding, and not of how it grows', () => {
    const { told, feed } = setUp(10);
    const began = aFinding();
    const grown = aFinding({ count: 2 });
    feed.finding(began, null);
    feed.finding(grown, began);
    feed.finding(aFinding({ state: 'resolved' }), grown);
    expect(told).toEqual(['ef-1-began', 'ef-1-ended']);
  });

  it('tells no more than it may in a second, and says how many it left out', () => {
    const { told, suppressed, clock, feed } = setUp(2);
    feed.append(Array.from({ length: 5 }, () => deniedRecord()));
    expect(told).toHaveLength(2);
    clock.time = 1_000;
    feed.append([deniedRecord()]);
    expect(told).toHaveLength(3);
    expect(suppressed).toEqual([3]);
    expect(feed.suppressed).toBe(3);
  });
});
