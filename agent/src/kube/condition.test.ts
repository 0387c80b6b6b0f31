import { describe, expect, test } from 'vitest';
import { type Acceptance, alreadySays, withAcceptance } from './condition.ts';

const good: Acceptance = { accepted: true, reason: 'Accepted', message: 'the policy is valid' };
const bad: Acceptance = { accepted: false, reason: 'Invalid', message: 'spec: is missing' };
const at = { generation: 3, now: Date.UTC(2026, 0, 2, 3, 4, 5, 678) };

const condition = {
  type: 'Accepted',
  status: 'True',
  observedGeneration: 3,
  lastTransitionTime: '2026-01-02T03:04:05Z',
  reason: 'Accepted',
  message: 'the policy is valid',
};

test('a first condition has the API form of a time', () => {
  expect(withAcceptance([], good, at)).toEqual([condition]);
});

test('the transition time moves with the status only', () => {
  const later = { generation: 4, now: at.now + 60_000 };
  expect(withAcceptance([condition], good, later)).toEqual([{ ...condition, observedGeneration: 4 }]);
  expect(withAcceptance([condition], bad, later)).toEqual([
    {
      type: 'Accepted',
      status: 'False',
      observedGeneration: 4,
      lastTransitionTime: '2026-01-02T03:05:05Z',
      reason: 'Invalid',
      message: 'spec: is missing',
    },
  ]);
});

test('conditions of others stay', () => {
  const other = { type: 'Programmed', status: 'True' };
  expect(withAcceptance([condition, other], bad, at)).toContain(other);
});

describe('an object already says so', () => {
  test('when written for this generation', () => {
    expect(alreadySays(withAcceptance([], good, at), 3, good)).toBe(true);
  });

  test.each([
    ['another generation', 4, good],
    ['another message', 3, { ...good, message: 'fine' }],
    ['another verdict', 3, bad],
  ])('but not with %s', (_, generation, acceptance) => {
    expect(alreadySays(withAcceptance([], good, at), generation, acceptance)).toBe(false);
  });

  test('but not without conditions', () => {
    expect(alreadySays([], 3, good)).toBe(false);
  });
});
