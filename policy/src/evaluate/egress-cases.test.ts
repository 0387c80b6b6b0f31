import { describe, expect, it } from 'vitest';
import { loadEgressCases } from '../../testing/corpus.ts';
import { referenceEvaluateEgress } from '../../testing/reference-egress.ts';
import { EgressSet } from '../compile/egress-set.ts';
import { evaluateEgress } from './evaluate.ts';

describe.each(loadEgressCases())('$file: $behaviour', ({ policies, requests }) => {
  const set = EgressSet.empty().with({ upsert: policies });
  // In the reverse order, one by one: how policies came in must not matter.
  const grown = [...policies]
    .reverse()
    .reduce((before, policy) => before.with({ upsert: [policy] }), EgressSet.empty());

  it.each(requests)('$title', ({ facts, expected, atConnect }) => {
    expect(evaluateEgress(set, facts)).toEqual(expected);
    expect(evaluateEgress(grown, facts)).toEqual(expected);
    expect(referenceEvaluateEgress(policies, facts)).toEqual(expected);
    expect(set.scope(facts.caller, facts.destination).atConnect).toEqual(atConnect ? expected : null);
  });
});
