import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';
import { type Annotation, type Choice, choiceOf } from './annotated.ts';

export const INBOUND_ANNOTATION = 'eastwall.dev/inbound';
const ANNOTATION: Annotation<'on' | 'off'> = { name: INBOUND_ANNOTATION, words: ['on', 'off'] };

/** Whether what comes to a pod is observed; `auto` leaves it to the dataplane that follows what the pod asks others. */
export type InboundMode = 'auto' | 'on' | 'off';

/** Why what comes to a pod is observed: it is annotated, the agent's setting says so, or by the ids that it asks for. */
export type InboundReason = 'annotation' | 'setting' | 'ids';

export interface InboundChoice extends Choice<InboundMode> {
  /** By pod or Namespace, and not by the agent's setting. */
  readonly isAnnotated: boolean;
}

export const inboundReason = ({ mode, isAnnotated }: InboundChoice): InboundReason =>
  mode === 'auto' ? 'ids' : isAnnotated ? 'annotation' : 'setting';

/** `fallback` is the agent's setting. */
export function inboundModeOf(
  pod: PodInfo,
  namespaces: ReadonlyMap<string, NamespaceEntry>,
  fallback: InboundMode,
): InboundChoice {
  const { mode, problem } = choiceOf(pod, namespaces, ANNOTATION);
  return { mode: mode ?? fallback, problem, isAnnotated: mode !== null };
}
