import { setTimeout as pause } from 'node:timers/promises';
import type { Guards } from '../guard/guards.ts';
import type { FromDataplane } from '../ipc/messages.ts';
import { systemClock } from '../kernel/clock.ts';
import { type Learned, MAX_LEARNED_PER_MESSAGE } from '../record/learned.ts';

type Part = Extract<FromDataplane, { kind: 'learned' }>;

/** Requests are served in between. */
const PAUSE_MS = 20;

/** What a dataplane has learnt, on its way to those that come after it. */
export class DataplaneLearned {
  readonly #guards: Pick<Guards, 'save' | 'restore'>;
  readonly #report: (part: Part) => void;
  #telling = false;

  constructor(guards: Pick<Guards, 'save' | 'restore'>, report: (part: Part) => void) {
    this.#guards = guards;
    this.#report = report;
  }

  hear(learned: readonly Learned[]): void {
    for (const one of learned) this.#guards.restore(one, systemClock.monotonic());
  }

  /** All of it, a part at a time. */
  async tell(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    let learned: Learned[] = [];
    let first = true;
    for (const one of this.#guards.save(systemClock.monotonic())) {
      learned.push(one);
      if (learned.length < MAX_LEARNED_PER_MESSAGE) continue;
      this.#report({ kind: 'learned', learned, first, last: false });
      learned = [];
      first = false;
      await pause(PAUSE_MS);
    }
    this.#report({ kind: 'learned', learned, first, last: true });
    this.#telling = false;
  }
}
