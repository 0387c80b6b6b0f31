import type { GuardAction } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aWorkload } from '../../testing/workloads.ts';
import { FindingBook } from './finding-book.ts';
import { Responder } from './responder.ts';
import type { Sight } from './sight.ts';

const sight: Sight = {
  detection: 'foreign-token',
  explanation: 'sends a token of somebody else',
  evidence: {},
};
const subject = { caller: aWorkload(), destination: 'shop/orders:80', operation: 'GET /orders' };

function setUp(action: GuardAction) {
  const quarantined: string[] = [];
  const findings = new FindingBook({
    node: 'n',
    clock: { now: () => 0, monotonic: () => 0 },
    newId: () => 'ef-1',
    maxOpen: 9,
    quietMs: 1,
  });
  const responder = new Responder({ findings, quarantine: (uid) => quarantined.push(uid), maxThrottled: 2 });
  const respond = (now: number, at: object = {}) =>
    responder.respond(sight, { ...subject, ...at }, { action, now });
  return { respond, findings, quarantined };
}

test('looks away, or reports and lets pass', () => {
  const off = setUp('Off');
  expect(off.respond(0)).toBeNull();
  expect(off.findings.size).toBe(0);
  const log = setUp('Log');
  expect(log.respond(0)).toBeNull();
  expect(log.findings.drain()).toMatchObject([
    { detection: 'foreign-token', action: 'log', destination: 'shop/orders:80' },
  ]);
});

test('refuses, and says which guard did', () => {
  const { respond, findings } = setUp('Block');
  expect(respond(0)).toEqual({
    decision: { verdict: 'deny', reason: 'blocked_by_guard', policy: null, rule: 'foreign-token' },
    status: 403,
  });
  expect(findings.drain()).toMatchObject([{ action: 'block' }]);
});

test('slows down to a request a second, each caller and operation by itself', () => {
  const { respond } = setUp('Throttle');
  const passes = (now: number, at?: object) => respond(now, at) === null;
  expect([0, 1, 999, 1_000, 1_999, 2_000].map((now) => passes(now))).toEqual([
    true,
    false,
    false,
    true,
    false,
    true,
  ]);
  expect(passes(2_001, { operation: 'GET /users' })).toBe(true);
  expect(respond(2_500)).toMatchObject({ status: 429, retryAfterSeconds: 1 });
  expect(passes(2_501, { operation: 'GET /third' })).toBe(true);
  // There was room for two.
  expect(passes(2_502)).toBe(true);
});

test('sets the pod aside', () => {
  const { respond, quarantined } = setUp('Quarantine');
  expect(respond(0)).toMatchObject({ status: 403 });
  expect(quarantined).toEqual([aWorkload().uid]);
});
