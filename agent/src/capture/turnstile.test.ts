import { expect, it } from 'vitest';
import { Turnstile } from './turnstile.ts';

it.each([1, 3])('lets %i through at once, in order, and survives failures', async (width) => {
  const turnstile = new Turnstile(width);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) =>
      turnstile.run(async () => {
        started.push(index);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        if (index % 2 === 0) throw new Error('even');
        return index;
      }),
    ),
  );
  expect(most).toBe(width);
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
});
