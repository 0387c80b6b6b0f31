import { expect, test } from 'vitest';
import { type Sharer, Turns } from './turns.ts';

class Pod implements Sharer {
  readonly heard: string[] = [];

  rest(): void {
    this.heard.push('rest');
  }

  goOn(): void {
    this.heard.push('go on');
  }
}

function turns(): { turns: Turns; end: () => void } {
  const ends: (() => void)[] = [];
  return { turns: new Turns((callback) => ends.push(callback)), end: () => ends.shift()?.() };
}

test('who takes long rests for the rest of the turn, and nobody else does', () => {
  const { turns: shared, end } = turns();
  const [greedy, modest] = [new Pod(), new Pod()];
  for (let now = 0; now <= 60; now += 10) shared.take(greedy, now);
  shared.take(modest, 61);
  shared.take(greedy, 62);
  expect(greedy.heard).toEqual(['rest']);
  end();
  expect([greedy.heard, modest.heard]).toEqual([['rest', 'go on'], []]);
});

test('the time between two turns is nobody’s, and each turn begins anew', () => {
  const { turns: shared, end } = turns();
  const pod = new Pod();
  for (let now = 0; now < 1_000; now += 100) {
    shared.take(pod, now);
    shared.take(pod, now + 40);
    end();
  }
  expect(pod.heard).toEqual([]);
});

test('it is asked for one callback a turn', () => {
  let asked = 0;
  const shared = new Turns(() => asked++);
  const pod = new Pod();
  for (let now = 0; now < 10; now++) shared.take(pod, now);
  expect(asked).toBe(1);
});
