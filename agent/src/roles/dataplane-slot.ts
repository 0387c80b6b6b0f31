import type { DataplaneStatus } from '../admin/agent-status.ts';
import type { DataplaneTotals } from '../ipc/messages.ts';
import { Backoff } from '../kernel/backoff.ts';
import { addEnded, type LimitTotals } from '../record/limit-totals.ts';
import type { DataplaneChild } from './dataplane-child.ts';
import type { ProcessStatus } from './process-status.ts';

/** One dataplane as `status` shows it. */
export interface DataplaneState {
  readonly index: number;
  readonly state: DataplaneStatus['state'];
  readonly pid: number | null;
  readonly privileges: ProcessStatus | null;
  readonly restarts: number;
  readonly lastEnd: string | null;
  readonly totals: DataplaneTotals | null;
  /** What its processes before this one have counted. */
  readonly endedLimits: LimitTotals | null;
}

/** The place of one dataplane process after the other. */
export interface Slot {
  readonly index: number;
  readonly backoff: Backoff;
  child: DataplaneChild | null;
  /** What it was when it was heard last. */
  state: Exclude<DataplaneState['state'], 'silent'>;
  startedAt: number;
  /** When its process has last said anything, in monotonic ms. */
  heardAt: number;
  /** Ends in a row that came soon after a start. */
  earlyEnds: number;
  restarts: number;
  lastEnd: string | null;
  totals: DataplaneTotals | null;
  endedLimits: LimitTotals | null;
  timer: NodeJS.Timeout | null;
  onStopped: (() => void) | null;
}

/** A dataplane tells its totals each second: one that says nothing for so long hangs. */
const SILENT_MS = 10_000;

export function stateOf(slot: Slot, now: number): DataplaneState {
  const { index, state, heardAt, child, restarts, lastEnd, totals, endedLimits } = slot;
  return {
    index,
    state: state === 'serving' && now - heardAt >= SILENT_MS ? 'silent' : state,
    pid: child?.pid ?? null,
    privileges: child?.status() ?? null,
    restarts,
    lastEnd,
    totals,
    endedLimits,
  };
}

/** What it held is gone; what it has counted stays counted. */
export function childEnded(slot: Slot, why: string): void {
  slot.child = null;
  slot.lastEnd = why;
  if (slot.totals !== null) slot.endedLimits = addEnded(slot.endedLimits, slot.totals.limits);
  slot.totals = null;
}

/** A dataplane that has lived so long was sound: its end is not part of a crash loop. */
const SOUND_MS = 10_000;

/** Nothing for a first end, however it came about; a growing wait while ends come soon after starts. */
export function restartDelay(slot: Slot, now: number): number {
  if (now - slot.startedAt >= SOUND_MS) {
    slot.earlyEnds = 0;
    slot.backoff.reset();
  }
  return slot.earlyEnds++ === 0 ? 0 : slot.backoff.next();
}

export function newSlot(
  index: number,
  {
    restartDelayMs,
    maxRestartDelayMs,
  }: { readonly restartDelayMs: number; readonly maxRestartDelayMs: number },
): Slot {
  const backoff = new Backoff({ firstMs: restartDelayMs, maxMs: maxRestartDelayMs, random: Math.random });
  return {
    index,
    backoff,
    child: null,
    state: 'stopped',
    startedAt: 0,
    heardAt: 0,
    earlyEnds: 0,
    restarts: 0,
    lastEnd: null,
    totals: null,
    endedLimits: null,
    timer: null,
    onStopped: null,
  };
}
