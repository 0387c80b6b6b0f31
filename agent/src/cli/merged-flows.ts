import type { FlowRecord } from '../record/record.ts';

/** Long enough for agents to report what happened at the same time, too short to be noticed by who watches. */
const HOLD_MS = 150;
/** So much is held of what agents have kept, until all have sent theirs. */
const MAX_HELD = 200_000;

/** Records of several agents in the order of their time, as far as they come within a moment of each other. */
export class MergedFlows {
  readonly #show: (record: FlowRecord) => void;
  /** From when on; until then everything waits, so that what agents have kept is in order too. */
  #begun = false;
  #holds = true;
  #held: FlowRecord[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(show: (record: FlowRecord) => void) {
    this.#show = show;
  }

  add(record: FlowRecord): void {
    if (!this.#holds) {
      this.#show(record);
      return;
    }
    this.#held.push(record);
    if (this.#begun) this.#timer ??= setTimeout(() => this.#flush(), HOLD_MS);
    else if (this.#held.length > MAX_HELD) this.#flush();
  }

  /** All agents have been reached that can be. With one agent there is nothing to merge, and nothing is held. */
  begun(agents: number): void {
    this.#begun = true;
    this.#holds = agents > 1;
    if (!this.#holds) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), HOLD_MS);
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
