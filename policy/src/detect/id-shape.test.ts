import { expect, test } from 'vitest';
import { Random } from '../../testing/lab/random.ts';
import { type IdForm, IdShapes } from './id-shape.ts';

function shapeOf(values: readonly number[], form: IdForm = 'number') {
  const shapes = new IdShapes(1);
  for (const value of values) shapes.see(0, form, value);
  return shapes.shape(0);
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const random = new Random(7);

test.each([
  ['up', range(20).map((i) => 5_000 + i), 'sequential'],
  ['down in threes', range(20).map((i) => 5_000 - 3 * i), 'sequential'],
  ['a shuffled block', random.shuffle(range(60).map((i) => 70_000 + i)), 'dense'],
  ['anywhere in a large space', range(60).map(() => random.below(2 ** 40)), 'sparse'],
  ['every hundredth', range(60).map((i) => 100 * i), 'sparse'],
  ['too few to say', range(5), 'none'],
])('%s', (_name, values, shape) => {
  expect(shapeOf(values)).toBe(shape);
});

test('ids that tell their time are enumerated by time', () => {
  const start = Date.UTC(2026, 0, 1);
  expect(
    shapeOf(
      range(20).map((i) => start + 700 * i),
      'timed',
    ),
  ).toBe('timed');
  expect(
    shapeOf(
      range(20).map(() => start + random.below(1e10)),
      'timed',
    ),
  ).toBe('sparse');
});

test('ids that nobody can guess have no shape', () => {
  expect(shapeOf(range(50), 'random')).toBe('none');
  expect(shapeOf(range(50), 'other')).toBe('none');
});

test('what is in between hides a sequence only when it is most of it', () => {
  const mixed = range(60).map((i) => (i % 6 === 0 ? random.below(1e9) : 500 + i));
  expect(shapeOf(mixed)).toBe('sequential');
});

test('another kind of id starts anew', () => {
  const shapes = new IdShapes(1);
  for (const value of range(20)) shapes.see(0, 'number', value);
  shapes.see(0, 'timed', 1e12);
  expect(shapes.shape(0)).toBe('none');
});
