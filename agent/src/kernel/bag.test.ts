import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Bag } from './bag.ts';

const item = (name: number) => ({ name, place: 0 });

it('holds what a set would hold', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9)), (toggled) => {
      const items = Array.from({ length: 10 }, (_, name) => item(name));
      const bag = new Bag<(typeof items)[number]>();
      const set = new Set<number>();
      for (const name of toggled) {
        const one = items[name] as (typeof items)[number];
        if (set.delete(name)) bag.delete(one);
        else {
          set.add(name);
          bag.add(one);
        }
        expect(bag.size).toBe(set.size);
        expect(new Set([...bag].map((member) => member.name))).toEqual(set);
      }
    }),
  );
});

it('reaches everybody once, whoever leaves when it is reached', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 20 }), (leaves) => {
      const bag = new Bag<ReturnType<typeof item>>();
      for (const name of leaves.keys()) bag.add(item(name));
      const reached: number[] = [];
      for (const member of bag) {
        reached.push(member.name);
        if (leaves[member.name]) bag.delete(member);
      }
      expect(reached.toSorted((a, b) => a - b)).toEqual([...leaves.keys()]);
      expect(bag.size).toBe(leaves.filter((leaving) => !leaving).length);
    }),
  );
});
