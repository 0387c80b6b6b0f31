import type { NamespaceEntry, PodInfo } from './cluster-objects.ts';

export const QUARANTINE_ANNOTATION = 'eastwall.dev/quarantine';

/** Whether somebody has set the pod aside, by the annotation of the pod or of its Namespace: `"true"`. */
export function isQuarantined(pod: PodInfo, namespace: NamespaceEntry | undefined): boolean {
  return [pod.annotations, namespace?.annotations].some(
    (annotations) => annotations?.[QUARANTINE_ANNOTATION] === 'true',
  );
}
