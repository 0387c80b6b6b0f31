import type { Decision } from '../model/decision.ts';
import type { Scope } from './scope.ts';

const QUARANTINED: Decision = Object.freeze({
  verdict: 'deny',
  reason: 'quarantined',
  policy: null,
  rule: null,
});

/**
 * For a caller that was set aside: nothing it asks for passes, whatever policies say. It is still heard, so that its
 * requests get an answer that says why, and show in records.
 */
export const QUARANTINE_SCOPE: Scope = Object.freeze({
  governed: 'enforce',
  size: 0,
  readableOnly: true,
  atConnect: null,
  unreadable: QUARANTINED,
  evaluate: () => QUARANTINED,
  unread: () => QUARANTINED,
  tunnel: () => QUARANTINED,
  expectation: () => null,
});
