import { expect, test } from 'vitest';
import { aWorkload } from '../../testing/workloads.ts';
import { FindingBook, type Sign } from './finding-book.ts';

const caller = aWorkload();

const sign: Sign = {
  detection: 'object-enumeration',
  caller,
  destination: 'shop/orders:80',
  operation: 'GET /orders/{orderId}',
  explanation: 'asked for 5 orders that it was never shown',
  evidence: { unexplained: 5 },
};

function setUp(maxOpen = 10) {
  const clock = { now: 1_000, monotonic: 0 };
  let ids = 0;
  const book = new FindingBook({
    node: 'n',
    clock: { now: () => clock.now, monotonic: () => clock.monotonic },
    newId: () => `f-${++ids}`,
    maxOpen,
    quietMs: 600_000,
  });
  return { book, clock };
}

test('an episode is one finding, however many requests show it', () => {
  const { book, clock } = setUp();
  book.note(sign);
  expect(book.drain()).toMatchObject([
    { id: 'f-1', state: 'open', count: 1, severity: 'high', action: 'log' },
  ]);
  expect(book.drain()).toEqual([]);
  clock.now = 5_000;
  book.note({
    ...sign,
    caller: { ...caller, pod: 'frontend-2' },
    evidence: { unexplained: 9 },
    action: 'block',
  });
  book.note({ ...sign, action: 'throttle' });
  const [grown, ...others] = book.drain();
  expect(others).toEqual([]);
  expect(grown).toMatchObject({
    id: 'f-1',
    firstSeen: 1_000,
    lastSeen: 5_000,
    count: 3,
    action: 'block',
    caller: { pod: 'frontend-1' },
  });
});

test('callers, operations and detections are kept apart', () => {
  const { book } = setUp();
  book.note(sign);
  book.note({ ...sign, operation: 'GET /users/{userId}' });
  book.note({ ...sign, caller: { ...caller, name: 'cart' } });
  book.note({ ...sign, detection: 'parameter-pollution' });
  expect(book.drain()).toHaveLength(4);
});

test('an episode that stays quiet is resolved, and the next sign begins another', () => {
  const { book, clock } = setUp();
  book.note(sign);
  book.drain();
  // Somebody sets the clock, and sets it back.
  clock.now += 3_600_000;
  clock.monotonic += 599_999;
  expect(book.drain()).toEqual([]);
  clock.now = 0;
  clock.monotonic += 1;
  expect(book.drain()).toMatchObject([{ id: 'f-1', state: 'resolved', lastSeen: 1_000 }]);
  book.note(sign);
  expect(book.drain()).toMatchObject([{ id: 'f-2', state: 'open' }]);
});

test('a flood of episodes is bounded, and what is dropped is counted', () => {
  const { book } = setUp(2);
  for (let i = 0; i < 5; i++) book.note({ ...sign, operation: `GET /${i}` });
  expect(book.size).toBe(2);
  expect([book.takeDropped(), book.takeDropped()]).toEqual([3, 0]);
  expect(book.note({ ...sign, operation: 'GET /0' })).toMatchObject({ count: 2 });
});
