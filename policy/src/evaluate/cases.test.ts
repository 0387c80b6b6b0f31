import { describe, expect, it } from 'vitest';
import { loadCases } from '../../testing/corpus.ts';
import { referenceEvaluate } from '../../testing/reference-evaluate.ts';
import { PolicySet } from '../compile/policy-set.ts';
import { evaluate } from './evaluate.ts';

describe.each(loadCases())('$file: $behaviour', ({ policies, requests }) => {
  const set = PolicySet.empty().with({ upsert: policies });
  // In the reverse order, one by one: how policies came in must not matter.
  const grown = [...policies]
    .reverse()
    .reduce((before, policy) => before.with({ upsert: [policy] }), PolicySet.empty());

  it.each(requests)('$title', ({ facts, expected }) => {
    expect(evaluate(set, facts)).toEqual(expected);
    expect(evaluate(grown, facts)).toEqual(expected);
    expect(referenceEvaluate(policies, facts)).toEqual(expected);
  });
});
