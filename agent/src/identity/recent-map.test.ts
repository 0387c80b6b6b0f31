import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentMap } from './recent-map.ts';

test('stays within its size and keeps the half used last', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 20 })), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (uses) => {
      const map = new RecentMap<number>(8);
      const written = new Map<number, number>();
      const used: number[] = [];
      uses.forEach(([write, key], time) => {
        const found = map.get(`${key}`);
        if (found !== undefined) expect(found).toBe(written.get(key));
        if (!write && found === undefined) return;
        if (write) {
          map.set(`${key}`, time);
          written.set(key, time);
        }
        used.push(key);
        expect(map.size).toBeLessThanOrEqual(8);
      });
      for (const key of new Set(used.toReversed().slice(0, 4)))
        expect(map.get(`${key}`)).toBe(written.get(key));
    }),
  );
});
