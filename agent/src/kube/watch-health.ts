import type { Problem } from '../identity/json.ts';
import type { Clock } from '../kernel/clock.ts';
import type { KubeFailure } from './failure.ts';
import type { Log } from './log.ts';

/** Later ones are only counted: a broken list may hold thousands. */
const MALFORMED_LOGGED = 100;

/** What is known about the connection behind one watch; logs the changes, not the retries. */
export class WatchHealth {
  connected = false;
  absent = false;
  malformed = 0;
  /** Milliseconds since the epoch. */
  lastContact: number | null = null;
  problem: string | null = null;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(path: string, clock: Clock, log: Log) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
  }

  /** The API server has said something good. */
  contact(): void {
    this.lastContact = this.#clock.now();
    this.absent = false;
    if (this.problem === null) return;
    this.problem = null;
    this.#log.info({ path: this.#path }, 'the kube API answers again');
  }

  failed(failure: KubeFailure): void {
    // Who refuses for another reason does not say that there is no such type: a right may be missing by now.
    const refused = failure.status > 0;
    const first = this.problem === null || (this.absent && refused);
    if (refused) this.absent = false;
    this.problem = failure.message;
    if (first)
      this.#log.warn(
        { path: this.#path, ...failure },
        'the kube API gives no answer, the last one stays in force',
      );
  }

  /** The API server is there, and does not know the resource type. */
  missing(): void {
    this.lastContact = this.#clock.now();
    if (!this.absent)
      this.#log.warn(
        { path: this.#path },
        'the resource type is not installed, looking again from time to time',
      );
    this.absent = true;
    this.problem = 'the resource type is not installed';
  }

  unusable(key: string, problem: Problem): void {
    this.malformed++;
    if (this.malformed > MALFORMED_LOGGED) return;
    this.#log.warn(
      { path: this.#path, object: key, field: problem.path, problem: problem.message },
      'an object is malformed and changes nothing',
    );
  }
}
