import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';
import { type Annotation, type Choice, choiceOf } from './annotated.ts';
import type { FailMode } from './wish.ts';

export const FAIL_MODE_ANNOTATION = 'eastwall.dev/fail-mode';
const ANNOTATION: Annotation<FailMode> = { name: FAIL_MODE_ANNOTATION, words: ['open', 'closed'] };

export type FailModeChoice = Choice<FailMode>;

/** What becomes of a pod's new connections while nobody judges them; `fallback` is the agent's setting. */
export function failModeOf(
  pod: PodInfo,
  namespaces: ReadonlyMap<string, NamespaceEntry>,
  fallback: FailMode,
): FailModeChoice {
  const { mode, problem } = choiceOf(pod, namespaces, ANNOTATION);
  return { mode: mode ?? fallback, problem };
}
