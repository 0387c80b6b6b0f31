import { describe, expect, it } from 'vitest';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { EventLog } from './event-log.ts';

function setUp(perSecond: number) {
  const lines: [level: string, event: object][] = [];
  const clock = { time: 0, now: () => 0, monotonic: () => clock.time };
  const writer = {
    info: (event: object) => lines.push(['info', event]),
    warn: (event: object) => lines.push(['warn', event]),
  };
  return { lines, clock, log: new EventLog(writer, clock, perSecond) };
}

describe('EventLog', () => {
  it('writes what was blocked, and would-deny more quietly; nothing of what passed', () => {
    const { lines, log } = setUp(10);
    const denied = deniedRecord();
    const audited = flowRecord({ verdict: 'would-deny' });
    log.append([flowRecord(), denied, audited]);
    expect(lines).toEqual([
      ['warn', { flow: denied }],
      ['info', { flow: audited }],
    ]);
  });

  it('writes no more than it may in a second, and says how many it left out', () => {
    const { lines, clock, log } = setUp(2);
    log.append(Array.from({ length: 5 }, () => deniedRecord()));
    expect(lines).toHaveLength(2);
    clock.time = 1_000;
    log.append([deniedRecord()]);
    expect(lines.slice(2)).toEqual([
      ['warn', { suppressed: 3 }],
      ['warn', { flow: deniedRecord() }],
    ]);
  });
});
