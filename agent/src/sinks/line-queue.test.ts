import { expect, it } from 'vitest';
import { LineQueue } from './line-queue.ts';
import { SinkCounts } from './sink-counts.ts';

const LINE = 'x'.repeat((400 << 10) - 1);

it('keeps the room of lines until they are settled, and drops what does not fit', () => {
  const counts = new SinkCounts('file');
  const queue = new LineQueue(counts);
  expect([queue.put(LINE), queue.put('é')]).toEqual([true, true]);
  const { lines, bytes } = queue.take();
  expect([lines, bytes]).toEqual([[LINE, 'é'], (400 << 10) + 3]);
  expect(queue.take()).toEqual({ lines: [], bytes: 0 });
  expect([queue.put(LINE), queue.put(LINE)]).toEqual([true, false]);
  expect(counts.dropped.queue_full).toBe(1);
  queue.settled(bytes);
  expect(queue.put(LINE)).toBe(true);
  expect(queue.bytes).toBe(2 * (400 << 10));
});
