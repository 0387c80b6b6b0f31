import type { FlowRecord } from '../record/record.ts';

/** Long enough for agents to report what happened at the same time, too short to be noticed by who watches. */
const HOLD_MS = 150;

/** Records of several agents in the order of their time, as far as they come within a moment of each other. */
export class MergedFlows {
  readonly #show: (record: FlowRecord) => void;
  readonly #holds: boolean;
  #held: FlowRecord[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** With one agent there is nothing to merge, and nothing is held. */
  constructor(agents: number, show: (record: FlowRecord) => void) {
    this.#holds = agents > 1;
    this.#show = show;
  }

  add(record: FlowRecord): void {
    if (!this.#holds) {
      this.#show(record);
      return;
    }
    this.#held.push(record);
    this.#timer ??= setTimeout(() => this.#flush(), HOLD_MS);
  }

  /** Shows what is held; nothing comes after. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#flush();
  }

  #flush(): void {
    this.#timer = null;
    const held = this.#held.sort((a, b) => a.time - b.time);
    this.#held = [];
    for (const record of held) this.#show(record);
  }
}
