import type { DepartureState } from '../admin/departure-state.ts';
import type { Freed } from '../capture/protocol.ts';
import type { Stay } from '../kube/release-mark.ts';
import type { SupervisorLog } from './supervisor-options.ts';

/** What a departure goes through; see the classes of these names. */
export interface DepartureOptions {
  readonly readiness: { stopping(): void };
  readonly succession: {
    leave(freeing: Freed | null): Promise<void>;
    close(): void;
    readonly passedOn: boolean;
  };
  readonly supervisor: { drain(graceMs: number): Promise<void> };
  readonly capture: { uninstall(whom: Freed): Promise<void>; release(): Promise<void> };
  readonly learned: { forget(): Promise<void> };
  /** Of a stopping agent that nobody is uninstalling. */
  readonly onExit: 'remove' | 'keep';
  readonly stay: () => Stay;
  /** Resolves when there is more to `stay`, or should have been by now. */
  readonly word: () => Promise<void>;
  readonly log: SupervisorLog;
}

/**
 * The way out of the pods of this node, gone once, whoever asks for it first: the end of the process, or an uninstall,
 * which takes rules away also from pods that are otherwise to be refused while nobody judges them.
 */
export class Departure {
  readonly #options: DepartureOptions;
  #under: Promise<void> | null = null;
  #state: DepartureState = { state: 'here' };

  constructor(options: DepartureOptions) {
    this.#options = options;
  }

  get state(): DepartureState {
    return this.#state;
  }

  /** Lets open exchanges finish for up to `graceMs`. Rejects when rules are left behind. */
  go(graceMs: number): Promise<void> {
    this.#under ??= this.#go(graceMs).then(
      () => {
        this.#state = { state: 'left' };
      },
      (error: Error) => {
        this.#state = { state: 'stuck', problem: error.message };
        throw error;
      },
    );
    return this.#under;
  }

  /** The release is being uninstalled: goes, and stays only to say how far it is. */
  uninstall(graceMs: number): void {
    const { log } = this.#options;
    log.info({ graceMs }, 'eastwall is being uninstalled: pods are let go');
    this.go(graceMs).then(
      () => log.info({}, 'no rule is left in any pod of this node'),
      (error: Error) => log.error({ err: error }, 'rules are left behind'),
    );
  }

  async #go(graceMs: number): Promise<void> {
    const { readiness, succession, supervisor, capture, learned, word } = this.#options;
    this.#state = { state: 'leaving' };
    readiness.stopping();
    await succession.leave(this.#freed());
    await supervisor.drain(graceMs);
    const { passedOn } = succession;
    succession.close();
    // Who deletes a release without asking anybody deletes its agents first, and then what says so.
    if (!passedOn && this.#freed() !== 'all') await word();
    const whom = this.#freed();
    if (whom === 'all' && !passedOn) await learned.forget();
    await (whom === null || passedOn ? capture.release() : capture.uninstall(whom));
  }

  #freed(): Freed | null {
    const { stay, onExit } = this.#options;
    if (stay() !== 'stays') return 'all';
    return onExit === 'remove' ? 'open' : null;
  }
}
