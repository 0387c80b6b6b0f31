import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';
import { type Annotation, type Choice, choiceOf } from './annotated.ts';

export const QUIC_ANNOTATION = 'eastwall.dev/quic';
const ANNOTATION: Annotation<QuicMode> = { name: QUIC_ANNOTATION, words: ['count', 'refuse'] };

/** What becomes of UDP to port 443, which nobody reads: counted, or refused so that clients fall back to TCP. */
export type QuicMode = 'count' | 'refuse';

/** `fallback` is the agent's setting. */
export function quicModeOf(
  pod: PodInfo,
  namespaces: ReadonlyMap<string, NamespaceEntry>,
  fallback: QuicMode,
): Choice<QuicMode> {
  const { mode, problem } = choiceOf(pod, namespaces, ANNOTATION);
  return { mode: mode ?? fallback, problem };
}
