import type { NetnsOwner } from '../capture/pairing.ts';
import type { CallerState, NamespaceId } from '../ipc/messages.ts';

export interface OwnedNetns {
  readonly ns: NamespaceId;
  readonly owner: NetnsOwner;
}

/** Who a pod is; pending while it is not known. */
type CallerOfPod = (uid: string) => CallerState;

/**
 * Who the enrolled namespaces belong to, as the dataplanes were told last. Only what has changed is told: a pod's
 * status is written every few seconds, and who it is hardly ever changes.
 */
export class CallerBoard {
  readonly #told = new Map<NamespaceId, string>();
  #owned: readonly OwnedNetns[] = [];

  /** Capture's latest pairing; call `changes` afterwards. */
  setOwners(owned: readonly OwnedNetns[]): void {
    this.#owned = owned;
  }

  /** A namespace that has just been enrolled, to be told now whatever was told before. */
  enrolled(ns: NamespaceId, callerOfPod: CallerOfPod): CallerState {
    const owner = this.#owned.find((owned) => owned.ns === ns)?.owner ?? { state: 'unclaimed' };
    const caller = callerOf(owner, callerOfPod);
    this.#told.set(ns, JSON.stringify(caller));
    return caller;
  }

  gone(ns: NamespaceId): void {
    this.#told.delete(ns);
    this.#owned = this.#owned.filter((owned) => owned.ns !== ns);
  }

  /** Callers that are other than was told; for enrolled namespaces only. */
  changes(callerOfPod: CallerOfPod): [ns: NamespaceId, caller: CallerState][] {
    const changed: [NamespaceId, CallerState][] = [];
    for (const { ns, owner } of this.#owned) {
      const known = this.#told.get(ns);
      if (known === undefined) continue;
      const caller = callerOf(owner, callerOfPod);
      const text = JSON.stringify(caller);
      if (text === known) continue;
      this.#told.set(ns, text);
      changed.push([ns, caller]);
    }
    return changed;
  }
}

/** A doubt about the owner is a caller that is not known: its connections wait, then are refused or passed by policy. */
export function callerOf(owner: NetnsOwner, callerOfPod: CallerOfPod): CallerState {
  switch (owner.state) {
    case 'paired':
      return callerOfPod(owner.uid);
    case 'opted-out':
      return { state: 'exempt', reason: owner.reason };
    case 'refused':
    case 'unclaimed':
      return { state: 'pending' };
  }
}
