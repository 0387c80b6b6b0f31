import { expect, test } from 'vitest';
import { aLearnedBaseline, aLearnedOperation, aLearnedProtocol } from '../../testing/learned.ts';
import { mergedLearned } from './learned-merge.ts';

test('of what several dataplanes say of one thing, what was learnt from more holds', () => {
  const few = [aLearnedOperation(), aLearnedProtocol(), aLearnedBaseline(1, 300)];
  const many = [
    aLearnedOperation({ seen: 40 }),
    aLearnedProtocol({ connections: 99 }),
    aLearnedBaseline(1, 900),
  ];
  for (const lists of [
    [few, many],
    [many, few],
  ])
    expect(mergedLearned(lists)).toEqual(many);
});

test('what is not the same thing stays apart', () => {
  const all = [
    aLearnedOperation(),
    aLearnedOperation({ method: 'PUT' }),
    aLearnedOperation({ segments: ['orders', ['int', 0], 'items'] }),
    aLearnedProtocol(),
    aLearnedProtocol({ destination: 'shop/raw:80' }),
    aLearnedBaseline(1),
    aLearnedBaseline(2),
    { ...aLearnedBaseline(1), settings: 7 },
  ];
  expect(mergedLearned([all, all])).toEqual(all);
});
