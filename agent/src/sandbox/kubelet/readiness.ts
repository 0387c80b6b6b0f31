import type { Probe } from '../cluster/objects.ts';

/** Until a container is ready it is asked often, so that a sandbox is up as soon as it can be. */
const FIRST_PERIOD_MS = 50;
/** An exec probe starts processes, which would keep the container from becoming ready. */
const FIRST_EXEC_PERIOD_MS = 250;
const DEFAULT_PERIOD_SECONDS = 10;
const DEFAULT_FAILURE_THRESHOLD = 3;

export interface ReadinessOptions {
  /** Undefined: ready whenever it runs. */
  readonly probe: Probe | undefined;
  readonly ask: (probe: Probe) => Promise<boolean>;
  readonly onChange: () => void;
}

/** Follows whether one running container is ready. */
export class Readiness {
  readonly #options: ReadinessOptions;
  #ready = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Counts starts, so that an answer about an earlier process is dropped. */
  #run = 0;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#ready;
  }

  started(): void {
    this.stopped();
    if (this.#options.probe === undefined) this.#ready = true;
    else this.#ask(this.#options.probe, this.#run);
  }

  stopped(): void {
    clearTimeout(this.#timer);
    this.#run += 1;
    this.#ready = false;
    this.#failures = 0;
  }

  async #ask(probe: Probe, run: number): Promise<void> {
    const answered = await this.#options.ask(probe);
    if (run !== this.#run) return;
    this.#failures = answered ? 0 : this.#failures + 1;
    const kept = this.#ready && this.#failures < (probe.failureThreshold ?? DEFAULT_FAILURE_THRESHOLD);
    this.#become(answered || kept);
    const first = probe.exec === undefined ? FIRST_PERIOD_MS : FIRST_EXEC_PERIOD_MS;
    const period = this.#ready ? (probe.periodSeconds ?? DEFAULT_PERIOD_SECONDS) * 1000 : first;
    this.#timer = setTimeout(() => this.#ask(probe, run), period);
  }

  #become(ready: boolean): void {
    if (ready === this.#ready) return;
    this.#ready = ready;
    this.#options.onChange();
  }
}
