import type { EnrolledNetns } from '../connection/enrolled-netns.ts';
import type { EnumerationGuard } from '../guard/enumeration.ts';
import { InboundInterest, type InboundInterestOptions } from '../guard/inbound-interest.ts';
import { provenanceKey } from '../guard/provenance.ts';
import { MAX_PARTLY_KNOWN, type NamespaceId } from '../ipc/messages.ts';

/** Which pods of a dataplane are to be observed, and what is not seen of those that are. */
export class DataplaneInbound {
  readonly #enumeration: EnumerationGuard;
  readonly #netns: ReadonlyMap<NamespaceId, EnrolledNetns>;
  readonly #interest: InboundInterest;

  constructor(
    enumeration: EnumerationGuard,
    netns: ReadonlyMap<NamespaceId, EnrolledNetns>,
    options: InboundInterestOptions,
  ) {
    this.#enumeration = enumeration;
    this.#netns = netns;
    this.#interest = new InboundInterest(options);
  }

  /** All pods of a workload are observed once one of them has shown that it is worth it. */
  review(): void {
    const now = this.#enumeration.monotonic();
    this.#interest.retain(this.#netns);
    for (const [ns, { owner, isObserved }] of this.#netns) {
      if (owner.uid === '') continue;
      const unshownAt = this.#enumeration.wantsInbound(owner);
      this.#interest.review(ns, { now, unshownAt, observed: isObserved });
    }
  }

  /** Workloads that somebody asks past the agent. */
  askedUnseen(): string[] {
    return this.#enumeration.provenance.askedUnseen(this.#enumeration.monotonic(), MAX_PARTLY_KNOWN);
  }

  /** Somebody asks that pod past the agent. */
  unseen(ns: NamespaceId): void {
    const owner = this.#netns.get(ns)?.owner;
    if (owner === undefined || owner.uid === '') return;
    this.#enumeration.provenance.unseen(provenanceKey(owner), this.#enumeration.monotonic());
  }
}
