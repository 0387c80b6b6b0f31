import type { Family } from '../ipc/messages.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Netns } from './netns.ts';
import type { Proof, Prover } from './prover.ts';

const FAMILIES: readonly Family[] = [4, 6];
/** How often is looked whose turn it is, at most and at least. */
const TICK_MS = { min: 50, max: 1_000 } as const;
/** A dataplane has been handed the listeners of a new namespace by then. */
const FIRST_MS = 2_000;
/** A failure may be a restart of the dataplane: it counts when it happens again so much later. */
const AGAIN_MS = 2_000;

export interface ProofOptions {
  readonly prover: Prover;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Those that are to be proven at this moment. */
  readonly namespaces: () => readonly Netns[];
  /** The latest proof of that family has ended otherwise than the one before. */
  readonly onResult: (netns: Netns, family: Family, proof: Proof) => void;
}

/** Has every enrolled namespace proven once in an interval, spread over it. */
export class ProofRounds {
  readonly #options: ProofOptions;
  readonly #tickMs: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ProofOptions) {
    this.#options = options;
    this.#tickMs = Math.min(TICK_MS.max, Math.max(TICK_MS.min, options.intervalMs / 10));
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #tick(): void {
    const { clock, namespaces, intervalMs } = this.#options;
    const now = clock.monotonic();
    const all = namespaces();
    // As many as have to be begun each time for all to have their turn.
    let most = Math.ceil((all.length * this.#tickMs) / intervalMs);
    for (const netns of all) {
      netns.proofDueAt ??= now + Math.min(intervalMs, FIRST_MS);
      if (netns.proofDueAt > now) continue;
      if (most-- <= 0) return;
      netns.proofDueAt = now + intervalMs;
      for (const family of FAMILIES) void this.#prove(netns, family);
    }
  }

  async #prove(netns: Netns, family: Family): Promise<void> {
    const { prover, clock, onResult } = this.#options;
    const { enrolment } = netns;
    if (enrolment === null) return;
    const proof = await prover.prove(enrolment.id, netns.fd, family);
    // It may be another enrolment by now, or none.
    if (netns.enrolment !== enrolment || netns.closed) return;
    if (proof.state === 'failed' && !netns.doubts.has(family)) {
      netns.doubts.add(family);
      netns.proofDueAt = Math.min(netns.proofDueAt ?? Infinity, clock.monotonic() + AGAIN_MS);
      return;
    }
    if (proof.state !== 'failed') netns.doubts.delete(family);
    const before = netns.proofs[family];
    netns.proofs = { ...netns.proofs, [family]: proof };
    if (JSON.stringify(before) !== JSON.stringify(proof)) onResult(netns, family, proof);
  }
}
