import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';
import { type Annotation, type Choice, choiceOf } from './annotated.ts';

export const INBOUND_ANNOTATION = 'eastwall.dev/inbound';
const ANNOTATION: Annotation<'on' | 'off'> = { name: INBOUND_ANNOTATION, words: ['on', 'off'] };

/** Whether what comes to a pod is observed; `auto` leaves it to the dataplane that follows what the pod asks others. */
export type InboundMode = 'auto' | 'on' | 'off';

/** `fallback` is the agent's setting. */
export function inboundModeOf(
  pod: PodInfo,
  namespaces: ReadonlyMap<string, NamespaceEntry>,
  fallback: InboundMode,
): Choice<InboundMode> {
  const { mode, problem } = choiceOf(pod, namespaces, ANNOTATION);
  return { mode: mode ?? fallback, problem };
}
