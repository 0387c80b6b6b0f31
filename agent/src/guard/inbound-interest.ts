import type { NamespaceId } from '../ipc/messages.ts';
import { NEVER } from './provenance.ts';

export interface InboundInterestOptions {
  /** So long after there was last use for it, what comes to a pod is not wanted any more, in ms. */
  readonly idleMs: number;
  tell(ns: NamespaceId, wanted: boolean): void;
}

/** What is known of one pod at a moment, in monotonic ms. */
export interface InboundView {
  readonly now: number;
  /** When its workload has last asked for an id that only what it is asked may explain. */
  readonly unshownAt: number;
  readonly observed: boolean;
}

interface Said {
  readonly since: number;
  readonly wanted: boolean;
}

/** Says which pods are to be observed, and no longer than that is of use. */
export class InboundInterest {
  readonly #options: InboundInterestOptions;
  readonly #said = new Map<NamespaceId, Said>();

  constructor(options: InboundInterestOptions) {
    this.#options = options;
  }

  review(ns: NamespaceId, { now, unshownAt, observed }: InboundView): void {
    const said = this.#said.get(ns);
    // Who is observed when we hear of it is so by the word of a process before this one, which takes back nothing.
    const since = Math.max(unshownAt, said?.since ?? (observed ? now : NEVER));
    const wanted = now - since < this.#options.idleMs;
    if (since === said?.since && wanted === said.wanted) return;
    this.#said.set(ns, { since, wanted });
    if (wanted !== (said?.wanted ?? false)) this.#options.tell(ns, wanted);
  }

  /** Forgets all pods but these. */
  retain(pods: ReadonlyMap<NamespaceId, unknown>): void {
    for (const ns of this.#said.keys()) if (!pods.has(ns)) this.#said.delete(ns);
  }
}
