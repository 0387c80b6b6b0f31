import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';
import type { FailMode } from './wish.ts';

export const FAIL_MODE_ANNOTATION = 'eastwall.dev/fail-mode';

export interface FailModeChoice {
  readonly mode: FailMode;
  /** What is wrong with an annotation that was passed over. */
  readonly problem: string | null;
}

/**
 * What becomes of a pod's new connections while nobody judges them. The pod's own annotation comes first, then that
 * of its Namespace, then the agent's setting. A word that is neither `open` nor `closed` is passed over, and said so.
 */
export function failModeOf(
  pod: PodInfo,
  namespaces: ReadonlyMap<string, NamespaceEntry>,
  fallback: FailMode,
): FailModeChoice {
  let problem: string | null = null;
  for (const { annotations } of [pod, namespaces.get(pod.namespace) ?? { annotations: {} as never }]) {
    const word: string | undefined = annotations[FAIL_MODE_ANNOTATION];
    if (word === 'open' || word === 'closed') return { mode: word, problem };
    if (word !== undefined)
      problem ??= `${FAIL_MODE_ANNOTATION} \`${word}\` is neither \`open\` nor \`closed\``;
  }
  return { mode: fallback, problem };
}
