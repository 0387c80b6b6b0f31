import { describe, expect, it } from 'vitest';
import { Random } from '../../testing/lab/random.ts';
import { levelOf, NOT_INFORMATIVE } from './rate-level.ts';
import { UnexplainedEvidence } from './unexplained-evidence.ts';

const LEVEL = levelOf(0.03);
const LEAST = 14;

/** One key whose usual rate is known. */
class Key {
  readonly evidence = new UnexplainedEvidence(2);
  #day = 0;

  constructor() {
    for (const slot of [0, 1]) this.evidence.reset(slot, 0);
  }

  see(isUnexplained: boolean, level: number | null = LEVEL): void {
    this.evidence.see(0, 0, this.#day, isUnexplained, level);
  }

  cluster(ids: number, explainedAfter: number): void {
    for (let i = 0; i < ids; i++) this.see(true);
    for (let i = 0; i < explainedAfter; i++) this.see(false);
  }

  learn(days: number, ids: number): void {
    for (let i = 0; i < days; i++) {
      for (let n = 0; n < 200; n++) this.cluster(ids, 60 * ids);
      this.#day++;
    }
    this.cluster(0, 200);
  }

  /** What the next unexplained id adds. */
  next(): number {
    const before = this.evidence.sum(0);
    this.see(true);
    return this.evidence.sum(0) - before;
  }

  /** Unexplained ids in a row until an alert. */
  untilAlert(): number {
    let ids = 0;
    while (this.evidence.multiple(0, 0, LEVEL, LEAST) < 1 && ids < 999) {
      this.see(true);
      ids++;
    }
    return ids;
  }
}

function learnt(ids: number): Key {
  const key = new Key();
  key.learn(4, ids);
  return key;
}

describe('UnexplainedEvidence', () => {
  it('counts the first of several ids fully, and those that usually follow it little', () => {
    const clustered = learnt(4);
    const [first, second] = [clustered.next(), clustered.next()];
    expect(second).toBeLessThan(first / 4);
    const single = learnt(1);
    const [one, another] = [single.next(), single.next()];
    expect(another).toBeGreaterThan(one * 0.8);
    expect(first).toBeGreaterThan(one);
  });

  it('is never enough for an alert where a fifth of the usual ones come two to four at once', () => {
    const key = new Key();
    const random = new Random(5);
    const atOnce = () => (random.chance(0.8) ? 1 : random.between(2, 4));
    let most = 0;
    for (let i = 0; i < 2_000_000; i++) {
      if (random.chance(0.02)) key.cluster(atOnce(), 0);
      else key.see(false);
      if (i > 200_000) most = Math.max(most, key.evidence.multiple(0, 0, LEVEL, LEAST));
    }
    expect(most).toBeLessThan(0.9);
    expect(most).toBeGreaterThan(0.4);
  });

  it('rises with each id in a row, however many usually come at once', () => {
    const key = learnt(40);
    expect(key.untilAlert()).toBeLessThanOrEqual(25);
    expect(learnt(1).untilAlert()).toBeLessThanOrEqual(7);
  });

  it('holds nothing against who is not to be judged, and learns all the same', () => {
    const key = new Key();
    for (let i = 0; i < 20_000; i++) key.see(i % 100 < 4, null);
    expect(key.evidence.sum(0)).toBe(0);
    key.see(true, NOT_INFORMATIVE);
    expect(key.evidence.sum(0)).toBe(0);
    expect(key.evidence.saveFollowing(0)).not.toEqual(new Key().evidence.saveFollowing(0));
  });

  it('takes what is usual for a user from all users together', () => {
    const evidence = learnt(4).evidence;
    const add = (highs: number) => {
      evidence.reset(1, 4);
      evidence.see(1, highs, 4, true, LEVEL);
      const first = evidence.sum(1);
      evidence.see(1, highs, 4, true, LEVEL);
      return evidence.sum(1) - first;
    };
    expect(add(0)).toBeLessThan(add(1) / 2);
  });

  it('knows after a restart how ids follow one another', () => {
    const key = learnt(4);
    const next = new Key();
    next.evidence.restore(0, key.evidence.save(0), key.evidence.saveFollowing(0));
    expect([next.next(), next.next()]).toEqual([
      expect.closeTo(key.next(), 1),
      expect.closeTo(key.next(), 1),
    ]);
  });
});
