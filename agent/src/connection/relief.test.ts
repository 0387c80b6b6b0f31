import { expect, test } from 'vitest';
import { type Holder, relieve } from './relief.ts';

class Pod implements Holder {
  ended = 0;
  readonly connections: number[];

  constructor(...connections: number[]) {
    this.connections = connections.sort((a, b) => b - a);
  }

  get heldBytes(): number {
    return this.connections.reduce((sum, bytes) => sum + bytes, 0);
  }

  endHeaviest(bytes: number): number {
    const goal = Math.min(bytes, this.heldBytes / 2);
    let freed = 0;
    while (freed < goal) {
      freed += this.connections.shift() ?? 0;
      this.ended++;
    }
    return freed;
  }
}

test('nothing is ended while there is room', () => {
  const pods = [new Pod(60, 30), new Pod(10)];
  relieve(pods, 100);
  expect(pods.map(({ ended }) => ended)).toEqual([0, 0]);
});

test('who holds the most gives way, and its heaviest connection first', () => {
  const [small, large] = [new Pod(20, 20), new Pod(10, 50, 10, 40)];
  relieve([small, large], 100);
  expect([small.connections, large.connections]).toEqual([
    [20, 20],
    [40, 10, 10],
  ]);
});

test('two that hold too much both give way', () => {
  const pods = [
    new Pod(...new Array<number>(100).fill(1)),
    new Pod(...new Array<number>(90).fill(1)),
    new Pod(5),
  ];
  relieve(pods, 50);
  expect(pods.map(({ heldBytes }) => heldBytes)).toEqual([23, 22, 5]);
});

test('bytes that nobody can free are left', () => {
  relieve([{ heldBytes: 9, endHeaviest: () => 0 }], 1);
  relieve([], 0);
});
