import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Rounds } from './rounds.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('comes regularly, and once sooner for any number of reasons', () => {
  let count = 0;
  const rounds = new Rounds(
    () => {
      count++;
    },
    { everyMs: 100, soonMs: 10 },
  );
  vi.advanceTimersByTime(100);
  expect(count).toBe(1);
  rounds.soon();
  rounds.soon();
  vi.advanceTimersByTime(9);
  expect(count).toBe(1);
  rounds.soon();
  vi.advanceTimersByTime(1);
  expect(count).toBe(2);
  vi.advanceTimersByTime(89);
  expect(count).toBe(2);
  vi.advanceTimersByTime(1);
  expect(count).toBe(3);
});

it('does not come again for a reason that a regular round has met', () => {
  let count = 0;
  const rounds = new Rounds(
    () => {
      count++;
    },
    { everyMs: 100, soonMs: 10 },
  );
  vi.advanceTimersByTime(95);
  rounds.soon();
  vi.advanceTimersByTime(20);
  expect(count).toBe(1);
});

it('is made up for in a turn of the event loop that takes long', () => {
  let count = 0;
  const rounds = new Rounds(
    () => {
      count++;
    },
    { everyMs: 100, soonMs: 10 },
  );
  const start = performance.now();
  rounds.catchUp(start + 199);
  expect(count).toBe(0);
  rounds.catchUp(start + 200);
  rounds.catchUp(start + 201);
  expect(count).toBe(1);
  rounds.catchUp(start + 400);
  expect(count).toBe(2);
});
