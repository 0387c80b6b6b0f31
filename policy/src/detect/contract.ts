import type { CronSchedule } from './cron.ts';

/** What an operator declares for a batch job: this caller may walk through so many ids of an operation, then. */
export interface ContractTerms {
  readonly distinctPerRun: number;
  readonly schedule: CronSchedule;
  /** How long a run may take. */
  readonly runMs: number;
}

/**
 * A declared walk through ids. Inside a run's window it counts ids and nothing else is held against the caller;
 * outside, the key is judged like any other, so a job that starts off schedule stands out.
 */
export class Contract {
  readonly terms: ContractTerms;
  #runStart = 0;
  #minute = -1;
  #isOpen = false;
  #taken = 0;

  constructor(terms: ContractTerms) {
    this.terms = terms;
  }

  /** Distinct ids of the current run. */
  get taken(): number {
    return this.#taken;
  }

  isInForce(now: number): boolean {
    const minute = Math.floor(now / 60_000);
    if (minute === this.#minute) return this.#isOpen;
    this.#minute = minute;
    const start = this.terms.schedule.lastStart(now, this.terms.runMs);
    this.#isOpen = start !== null;
    if (start !== null && start !== this.#runStart) {
      this.#runStart = start;
      this.#taken = 0;
    }
    return this.#isOpen;
  }

  /** One more id; whether the run may have it. */
  take(): boolean {
    this.#taken++;
    return this.#taken <= this.terms.distinctPerRun;
  }
}
