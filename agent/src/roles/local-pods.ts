import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';

/** The pods of this node and the Namespaces of the cluster, kept up by deltas. */
export class LocalPods {
  readonly #pods = new Map<string, PodInfo>();
  readonly #namespaces = new Map<string, NamespaceEntry>();

  /** Those that are gone by uid. */
  changePods(upsert: readonly PodInfo[], remove: readonly string[]): void {
    for (const uid of remove) this.#pods.delete(uid);
    for (const pod of upsert) this.#pods.set(pod.uid, pod);
  }

  /** Those that are gone by name. */
  changeNamespaces(upsert: readonly NamespaceEntry[], remove: readonly string[]): void {
    for (const name of remove) this.#namespaces.delete(name);
    for (const entry of upsert) this.#namespaces.set(entry.name, entry);
  }

  pod(uid: string): PodInfo | null {
    return this.#pods.get(uid) ?? null;
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
