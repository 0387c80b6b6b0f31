import { expect, test } from 'vitest';
import { Contract } from './contract.ts';
import { CronSchedule } from './cron.ts';

const HOUR = 3_600_000;

function schedule(text: string): CronSchedule {
  const parsed = CronSchedule.parse(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

// 2026-03-04 is a Wednesday.
test.each([
  ['0 */4 * * *', '2026-03-04T08:10:00Z', '2026-03-04T08:00:00Z'],
  ['0 */4 * * *', '2026-03-04T09:10:00Z', null],
  ['*/15 * * * *', '2026-03-04T09:16:59Z', '2026-03-04T09:15:00Z'],
  ['30 2 * * 3', '2026-03-04T03:00:00Z', '2026-03-04T02:30:00Z'],
  ['30 2 * * 4', '2026-03-04T03:00:00Z', null],
  ['0 3 4 * 1', '2026-03-04T03:00:30Z', '2026-03-04T03:00:00Z'],
  ['0 3 5 * 7', '2026-03-08T03:30:00Z', '2026-03-08T03:00:00Z'],
  ['50 23 27 2 *', '2026-03-01T00:10:00Z', null],
  ['50 23 * * *', '2026-03-01T00:10:00Z', '2026-02-28T23:50:00Z'],
  ['0,20-30/5 * * * *', '2026-03-04T09:26:00Z', '2026-03-04T09:25:00Z'],
  ['@daily', '2026-03-04T00:30:00Z', '2026-03-04T00:00:00Z'],
])('%s at %s', (text, now, start) => {
  const expected = start === null ? null : Date.parse(start);
  expect(schedule(text).lastStart(Date.parse(now), HOUR)).toBe(expected);
});

test.each([
  '',
  '* * * *',
  '60 * * * *',
  '* * 0 * *',
  '*/0 * * * *',
  '5-3 * * * *',
  'a * * * *',
  '@often',
  '* * * * 8',
])('refuses `%s`', (text) => {
  expect(CronSchedule.parse(text).ok).toBe(false);
});

test('a contract lets each run have its ids, in its window', () => {
  const contract = new Contract({ distinctPerRun: 2, schedule: schedule('0 * * * *'), runMs: HOUR / 2 });
  const start = Date.parse('2026-03-04T09:00:00Z');
  expect(contract.isInForce(start + HOUR / 2 + 60_000)).toBe(false);
  for (const run of [start, start + HOUR]) {
    expect(contract.isInForce(run)).toBe(true);
    expect([contract.take(), contract.take(), contract.take()]).toEqual([true, true, false]);
  }
});
