import type { Workload } from '@eastwall/policy';
import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';
import { declaredPorts } from '../identity/opaque-ports.ts';
import { isQuarantined } from '../identity/quarantine.ts';
import { workloadOf } from '../identity/workload.ts';
import type { CallerState } from '../ipc/messages.ts';

/** The pods of this node and the Namespaces of the cluster, kept up by deltas. */
export class LocalPods {
  readonly #pods = new Map<string, PodInfo>();
  readonly #namespaces = new Map<string, NamespaceEntry>();
  /** Pods that a guard has set aside, and until when, in monotonic ms: a clock that is set must not let them go. */
  readonly #quarantined = new Map<string, number>();

  /** Those that are gone by uid. */
  changePods(upsert: readonly PodInfo[], remove: readonly string[]): void {
    for (const uid of remove) {
      this.#pods.delete(uid);
      this.#quarantined.delete(uid);
    }
    for (const pod of upsert) this.#pods.set(pod.uid, pod);
  }

  /** Those that are gone by name. */
  changeNamespaces(upsert: readonly NamespaceEntry[], remove: readonly string[]): void {
    for (const name of remove) this.#namespaces.delete(name);
    for (const entry of upsert) this.#namespaces.set(entry.name, entry);
  }

  /** The caller that a pod is; null for a pod that is not of this node. */
  workload(uid: string): Workload | null {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return null;
    return this.quarantinedBy(pod) === null ? workloadOf(pod) : { ...workloadOf(pod), quarantined: true };
  }

  /** Who has set a pod aside; null when nobody has. */
  quarantinedBy(pod: PodInfo): 'annotation' | 'guard' | null {
    if (isQuarantined(pod, this.#namespaces.get(pod.namespace))) return 'annotation';
    return this.#quarantined.has(pod.uid) ? 'guard' : null;
  }

  /** The same for a dataplane, with what its pod declares. */
  caller(uid: string): CallerState {
    const workload = this.workload(uid);
    if (workload === null) return { state: 'pending' };
    const declared = declaredPorts(this.#pods.get(uid)?.annotations ?? {});
    if (declared === null) return { state: 'known', workload };
    return { state: 'known', workload, opaquePorts: declared.ports };
  }

  /** A workload by its name, `namespace/name`, as one of its pods has it. */
  workloadNamed(name: string): Workload | null {
    for (const pod of this.#pods.values()) {
      const workload = workloadOf(pod);
      if (name === `${workload.namespace}/${workload.name}`) return workload;
    }
    return null;
  }

  /** Uids of the pods of a workload. */
  podsOf(namespace: string, name: string): string[] {
    return [...this.#pods.values()]
      .filter((pod) => pod.namespace === namespace && workloadOf(pod).name === name)
      .map(({ uid }) => uid);
  }

  /** Sets a pod aside until then. False when it is not of this node, or was set aside before. */
  quarantine(uid: string, until: number): boolean {
    if (!this.#pods.has(uid)) return false;
    const before = this.#quarantined.has(uid);
    this.#quarantined.set(uid, until);
    return !before;
  }

  /** Lets pods go whose time is up. True when there were any. */
  release(now: number): boolean {
    let released = false;
    for (const [uid, until] of this.#quarantined)
      if (now >= until) released = this.#quarantined.delete(uid) || released;
    return released;
  }

  /** What capture pairs namespaces with: the pods, and of the Namespaces only those that have one. */
  forCapture(): { readonly pods: readonly PodInfo[]; readonly namespaces: readonly NamespaceEntry[] } {
    const pods = [...this.#pods.values()];
    const used = new Set(pods.map(({ namespace }) => namespace));
    return { pods, namespaces: [...this.#namespaces.values()].filter(({ name }) => used.has(name)) };
  }

  get pods(): readonly PodInfo[] {
    return [...this.#pods.values()];
  }
}
