import { asPod, RESOURCES } from '../cluster/objects.ts';
import { logRefusal } from '../cluster/refusal.ts';
import type { KubeObject } from '../kube-api/object.ts';
import type { ControllerOptions } from './controller.ts';

/** Binds pods that name no node, to one node after the other. Returns what stops it. */
export function startScheduler({ store, nodes, log }: ControllerOptions): () => void {
  let next = 0;
  const bind = (object: KubeObject) => {
    const { spec } = asPod(object);
    if (spec.nodeName !== undefined) return;
    const nodeName = nodes[next % nodes.length];
    next += 1;
    const { resourceVersion: _, ...metadata } = object.metadata;
    const written = store.update(RESOURCES.pods, { ...object, metadata, spec: { ...spec, nodeName } });
    logRefusal(`pod ${metadata.name}`, written, log);
  };
  for (const object of store.list(RESOURCES.pods)) bind(object);
  return store.subscribe(RESOURCES.pods, ({ type, object }) => {
    if (type !== 'DELETED') bind(object);
  });
}
