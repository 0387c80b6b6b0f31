import { err, ok, type Result } from '../kernel/result.ts';
import type { PodInfo } from './cluster-objects.ts';
import { flagAt, type Json, objectAt, objectsAt, type Problem, textAt } from './json.ts';
import { canonicalIps, namedObject, ownAnnotations } from './project.ts';

/** A pod as the kube API reports it. Only what names it must be there; the rest comes as the pod comes up. */
export function projectPod(json: unknown): Result<PodInfo, Problem> {
  const named = namedObject(json);
  if (!named.ok) return named;
  const { namespace, name, metadata, labels, spec } = named.value;
  const uid = textAt(metadata, 'uid');
  if (uid === '') return err({ path: 'metadata.uid', message: 'is missing' });
  const status = objectAt(json, 'status');
  return ok({
    uid,
    namespace,
    name,
    node: textAt(spec, 'nodeName'),
    serviceAccount: textAt(spec, 'serviceAccountName') || 'default',
    podIPs: canonicalIps([
      textAt(status, 'podIP'),
      ...objectsAt(status, 'podIPs').map((at) => textAt(at, 'ip')),
    ]),
    hostIPs: canonicalIps([
      textAt(status, 'hostIP'),
      ...objectsAt(status, 'hostIPs').map((at) => textAt(at, 'ip')),
    ]),
    labels,
    annotations: ownAnnotations(metadata),
    hostNetwork: flagAt(spec, 'hostNetwork'),
    privileged: hasPrivilegedContainer(spec),
    phase: textAt(status, 'phase') || 'Unknown',
    deletionTimestamp: textAt(metadata, 'deletionTimestamp') || null,
    runtimeClass: textAt(spec, 'runtimeClassName') || null,
    owner: controllerOf(metadata),
  });
}

const hasPrivilegedContainer = (spec: Json): boolean =>
  ['containers', 'initContainers', 'ephemeralContainers']
    .flatMap((field) => objectsAt(spec, field))
    .some((container) => flagAt(objectAt(container, 'securityContext'), 'privileged'));

function controllerOf(metadata: Json): PodInfo['owner'] {
  const owner = objectsAt(metadata, 'ownerReferences').find((reference) => flagAt(reference, 'controller'));
  if (owner === undefined) return null;
  const kind = textAt(owner, 'kind');
  const name = textAt(owner, 'name');
  return kind !== '' && name !== '' ? { kind, name } : null;
}
