import type { NetnsOwner } from '../capture/pairing.ts';
import type { PodInfo } from '../identity/cluster-objects.ts';
import { workloadOf } from '../identity/workload.ts';
import type { CallerState, NamespaceId } from '../ipc/messages.ts';

export interface OwnedNetns {
  readonly ns: NamespaceId;
  readonly owner: NetnsOwner;
}

type PodOf = (uid: string) => PodInfo | null;

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
  enrolled(ns: NamespaceId, podOf: PodOf): CallerState {
    const owner = this.#owned.find((owned) => owned.ns === ns)?.owner ?? { state: 'unclaimed' };
    const caller = callerOf(owner, podOf);
    this.#told.set(ns, JSON.stringify(caller));
    return caller;
  }

  gone(ns: NamespaceId): void {
    this.#told.delete(ns);
    this.#owned = this.#owned.filter((owned) => owned.ns !== ns);
  }

  /** Callers that are other than was told; for enrolled namespaces only. */
  changes(podOf: PodOf): [ns: NamespaceId, caller: CallerState][] {
    const changed: [NamespaceId, CallerState][] = [];
    for (const { ns, owner } of this.#owned) {
      const known = this.#told.get(ns);
      if (known === undefined) continue;
      const caller = callerOf(owner, podOf);
      const text = JSON.stringify(caller);
      if (text === known) continue;
      this.#told.set(ns, text);
      changed.push([ns, caller]);
    }
    return changed;
  }
}

/** A doubt about the owner is a caller that is not known: its connections wait, then are refused or passed by policy. */
export function callerOf(owner: NetnsOwner, podOf: PodOf): CallerState {
  switch (owner.state) {
    case 'paired': {
      const pod = podOf(owner.uid);
      return pod === null ? { state: 'pending' } : { state: 'known', workload: workloadOf(pod) };
    }
    case 'opted-out':
      return { state: 'exempt', reason: owner.reason };
    case 'refused':
    case 'unclaimed':
      return { state: 'pending' };
  }
}
