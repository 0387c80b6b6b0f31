import { expect, test } from 'vitest';
import { Changes } from './changes.ts';

test('tells the last change of each object, once, in batches', () => {
  let calls = 0;
  const changes = new Changes<string>(() => calls++);
  changes.upsert('a', 'a1');
  changes.upsert('b', 'b1');
  changes.upsert('a', 'a2');
  changes.remove('b');
  changes.upsert('c', 'c1');
  expect([...changes.take(2)]).toEqual([
    { upsert: ['a2'], remove: ['b'] },
    { upsert: ['c1'], remove: [] },
  ]);
  expect([...changes.take(2)]).toEqual([]);
  expect(calls).toBe(5);
});
