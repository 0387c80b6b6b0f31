import type { LeaseAsk, LeaseGrant } from './lease.ts';
import { debitFor, timeFor, tokensIn } from './rate.ts';

/** Demand and holders are counted in periods of this length, which every holder under load asks in. */
export const PERIOD_US = 2_000_000;
/** However much was spent ahead, a bucket is not closed for longer. */
export const MAX_DEBT_US = 3_600_000_000;

/**
 * One bucket as the store keeps it. GCRA (ITU-T I.371) needs one number: `tat`, the theoretical arrival time, which
 * is when the bucket will be full again. The rest counts who shares the bucket.
 */
export interface BucketState {
  tat: number;
  period: number;
  arrived: number;
  nodes: number;
  lastArrived: number;
  lastNodes: number;
}

export const newBucketState = (): BucketState => ({
  tat: 0,
  period: 0,
  arrived: 0,
  nodes: 0,
  lastArrived: 0,
  lastNodes: 0,
});

/**
 * Answers one ask. What is granted is debited at once, so all holders together never have more than the bucket gave.
 * The script that runs inside Redis does the same, step by step (`agent/src/store/lease-script.ts`).
 */
export function settle(state: BucketState, ask: LeaseAsk, nowUs: number): LeaseGrant {
  countDemand(state, ask, nowUs);
  const { rate, want, least } = ask;
  const full = nowUs + timeFor(rate, rate.burst);
  const before = charge(state, ask, nowUs);
  const room = tokensIn(rate, Math.max(0, full - before));
  const granted = room < least ? 0 : Math.min(want, room);
  const tat = before + debitFor(rate, granted);
  state.tat = tat;
  const retryUs = Math.max(0, tat + timeFor(rate, least) - full);
  return {
    bucket: ask.bucket,
    granted,
    retryMs: Math.ceil(retryUs / 1_000),
    room: room - granted,
    nodes: Math.max(state.nodes, state.lastNodes),
    total: state.lastArrived,
    period: state.period,
    tat,
  };
}

function countDemand(state: BucketState, { arrived, period: asked }: LeaseAsk, nowUs: number): void {
  const period = Math.floor(nowUs / PERIOD_US);
  if (period !== state.period) {
    const adjacent = period === state.period + 1;
    state.lastArrived = adjacent ? state.arrived : 0;
    state.lastNodes = adjacent ? state.nodes : 0;
    state.arrived = 0;
    state.nodes = 0;
    state.period = period;
  }
  state.arrived += arrived;
  if (asked !== period) state.nodes++;
}

/**
 * Where the bucket stands once the holder has paid. What was spent in an outage can empty the bucket and no more, since
 * it was meant to refill meanwhile; what was spent ahead of a lease is paid in full.
 */
function charge({ tat }: BucketState, { rate, owed, local, tat: known }: LeaseAsk, nowUs: number): number {
  const empty = nowUs + timeFor(rate, rate.burst);
  let at = Math.max(nowUs, tat, Math.min(known, empty));
  if (local > 0) at = Math.max(at, Math.min(empty, at + debitFor(rate, local)));
  if (owed > 0) at = Math.max(at, Math.min(nowUs + MAX_DEBT_US, at + debitFor(rate, owed)));
  if (owed < 0) at = Math.max(nowUs, at - debitFor(rate, -owed));
  return at;
}
