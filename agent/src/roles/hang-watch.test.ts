import { describe, expect, it } from 'vitest';
import type { DataplaneChild } from './dataplane-child.ts';
import { newSlot, type Slot } from './dataplane-slot.ts';
import { HangWatch } from './hang-watch.ts';

function slotWith(killed: string[]): Slot {
  const slot = newSlot(0, { restartDelayMs: 1, maxRestartDelayMs: 1 });
  slot.child = { kill: (why: string) => killed.push(why) } as unknown as DataplaneChild;
  return slot;
}

describe('the watch over dataplanes that hang', () => {
  it('ends one that has said nothing for the timeout, and no other', () => {
    const watch = new HangWatch(3_000);
    const killed: string[][] = [[], []];
    const [quiet, lively] = killed.map(slotWith) as [Slot, Slot];
    for (let second = 0; second < 3; second++) {
      lively.heardAt = second;
      watch.look([quiet, lively]);
    }
    expect(killed).toEqual([[], []]);
    lively.heardAt = 3;
    watch.look([quiet, lively]);
    expect(killed).toEqual([['hung: said nothing for 3 s'], []]);
  });

  it('counts anew with each word and each process', () => {
    const watch = new HangWatch(2_000);
    const killed: string[] = [];
    const slot = slotWith(killed);
    for (let word = 0; word < 3; word++) {
      slot.heardAt = word;
      watch.look([slot]);
      watch.look([slot]);
    }
    const next = slotWith(killed);
    next.heardAt = slot.heardAt;
    watch.look([next]);
    watch.look([{ ...next, child: null }]);
    expect(killed).toEqual([]);
  });
});
