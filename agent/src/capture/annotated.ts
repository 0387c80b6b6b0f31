import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';

/** What somebody has chosen for a pod by a word in an annotation. */
export interface Choice<Word> {
  readonly mode: Word;
  /** What is wrong with an annotation that was passed over. */
  readonly problem: string | null;
}

export interface Annotation<Word> {
  readonly name: string;
  readonly words: readonly [Word, Word];
}

/**
 * The pod's own annotation comes first, then that of its Namespace, then `fallback`. A word that is none of those asked
 * for is passed over, and said so.
 */
export function choiceOf<Word extends string>(
  pod: PodInfo,
  namespaces: ReadonlyMap<string, NamespaceEntry>,
  { name, words }: Annotation<Word>,
): Choice<Word | null> {
  let problem: string | null = null;
  for (const { annotations } of [pod, namespaces.get(pod.namespace) ?? { annotations: {} as never }]) {
    const said: string | undefined = annotations[name];
    const word = words.find((known) => known === said);
    if (word !== undefined) return { mode: word, problem };
    if (said !== undefined) problem ??= `${name} \`${said}\` is neither \`${words[0]}\` nor \`${words[1]}\``;
  }
  return { mode: null, problem };
}
