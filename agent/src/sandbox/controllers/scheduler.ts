import { asPod, RESOURCES } from '../cluster/objects.ts';
import type { KubeObject } from '../kube-api/object.ts';
import type { ObjectStore } from '../kube-api/store.ts';

/** Binds pods that name no node, to one node after the other. Returns what stops it. */
export function startScheduler(store: ObjectStore, nodes: readonly string[]): () => void {
  let next = 0;
  const bind = (object: KubeObject) => {
    const { spec } = asPod(object);
    if (spec.nodeName !== undefined) return;
    const nodeName = nodes[next % nodes.length];
    next += 1;
    // A pod that has changed meanwhile comes back as its own event.
    if (nodeName !== undefined) store.update(RESOURCES.pods, { ...object, spec: { ...spec, nodeName } });
  };
  for (const object of store.list(RESOURCES.pods)) bind(object);
  return store.subscribe(RESOURCES.pods, ({ type, object }) => {
    if (type !== 'DELETED') bind(object);
  });
}
