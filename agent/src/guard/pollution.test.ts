import { expect, test } from 'vitest';
import { type ParameterPollution, POLLUTION, type Pollution } from '../inspect/parameter-pollution.ts';
import type { PlaceTable } from '../inspect/place-table.ts';
import { PollutionGuard } from './pollution.ts';

const places = { describe: (place: number) => `place ${place}` } as PlaceTable;
const request = (kind: Pollution = POLLUTION.none) => ({ kind, first: 1, second: 2 }) as ParameterPollution;

function setUp() {
  const guard = new PollutionGuard(places);
  const see = (count: number, kind?: Pollution, operation = 7) =>
    Array.from({ length: count }, () => guard.see(operation, request(kind))).filter(
      (sight) => sight !== null,
    );
  return { see };
}

test('a request that names an object in two ways stands out where that is not usual', () => {
  const { see } = setUp();
  expect(see(100)).toEqual([]);
  expect(see(1, POLLUTION.contradicting)).toMatchObject([
    {
      detection: 'parameter-pollution',
      explanation: 'place 1 and place 2 name one object, and name different ones',
    },
  ]);
  expect(see(1, POLLUTION.repeated)).toMatchObject([
    { explanation: 'one parameter is there twice with different values: place 1' },
  ]);
});

test('an operation that is meant to be called so never stands out, nor one that nobody knows', () => {
  const { see } = setUp();
  expect(see(1_000, POLLUTION.contradicting)).toEqual([]);
  expect(see(10, POLLUTION.repeated, 8)).toEqual([]);
});

test('habits may change', () => {
  const { see } = setUp();
  see(10_000, POLLUTION.contradicting);
  expect(see(200_000)).toEqual([]);
  expect(see(1, POLLUTION.contradicting)).toHaveLength(1);
});
