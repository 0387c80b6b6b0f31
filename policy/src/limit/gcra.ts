import type { LeaseAsk, LeaseGrant } from './lease.ts';
import { debitFor, timeFor, tokensIn } from './rate.ts';

/** Demand and holders are counted in periods of this length, which every holder under load asks in. */
export const PERIOD_US = 2_000_000;
/** Who is limited asks all the time: if nobody has for so long, nobody could. */
export const UNSEEN_US = 1_000_000;
/** After that, until all have noticed that the store is back. */
export const SETTLING_US = 1_500_000;
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
  /** Since when it is asked about without a break, and when it was last. */
  since: number;
  asked: number;
}

export const newBucketState = (): BucketState => ({
  tat: 0,
  period: 0,
  arrived: 0,
  nodes: 0,
  lastArrived: 0,
  lastNodes: 0,
  since: 0,
  asked: 0,
});

/**
 * Answers one ask. What is granted is debited at once, so all holders together never have more than the bucket gave.
 * The script that runs inside Redis does the same, step by step (`agent/src/store/lease-script.ts`).
 */
export function settle(state: BucketState, ask: LeaseAsk, nowUs: number): LeaseGrant {
  countDemand(state, ask, nowUs);
  if (nowUs - state.asked > UNSEEN_US) state.since = nowUs;
  state.asked = nowUs;
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
    settlingMs: Math.ceil(Math.max(0, state.since + SETTLING_US - nowUs) / 1_000),
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
 * Where the bucket stands once the holder has paid. While the store was away for all, each had a part of the bucket: it
 * is as empty as theirs are, and what they had is no debt. Who alone was away has spent what others had, too, and pays.
 */
function charge({ tat, since }: BucketState, ask: LeaseAsk, nowUs: number): number {
  const { rate, tat: known, away, drained } = ask;
  const empty = nowUs + timeFor(rate, rate.burst);
  const at = Math.max(nowUs, tat, Math.min(known, empty));
  if (away > nowUs - since) return pay(Math.max(at, Math.min(empty, nowUs + drained)), ask.owed, ask, nowUs);
  const local = ask.local > 0 ? Math.min(empty, at + debitFor(rate, ask.local)) : 0;
  return pay(Math.max(at, local), ask.owed + ask.late, ask, nowUs);
}

/** What was spent ahead of a lease is paid in full. */
function pay(at: number, owed: number, { rate }: LeaseAsk, nowUs: number): number {
  if (owed > 0) return Math.max(at, Math.min(nowUs + MAX_DEBT_US, at + debitFor(rate, owed)));
  return Math.max(nowUs, at - debitFor(rate, -owed));
}
