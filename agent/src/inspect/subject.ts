import { singular, wordsOf } from './words.ts';

const VERBS = new Set(
  'get list find fetch read load lookup search query create add new post put insert update upsert patch set save change edit replace delete remove cancel batch bulk watch stream count check do all my the'.split(
    ' ',
  ),
);
/** Segments that say what is done, or how, and not what with. */
const NO_SUBJECTS = new Set(
  'api apis rest rpc v me self search list query find get batch bulk all latest count export import internal public private admin graphql'.split(
    ' ',
  ),
);
/** Methods that are about more than one object, whose requests begin with something else than its id. */
const PLURAL_VERBS = new Set(
  'list search query find batch bulk watch stream count create add new post insert'.split(' '),
);

/** What a function is about: `GetOrder` → `order`, `ordersByCustomer` → `order`; empty when it does not say. */
export function subjectOf(name: string): string {
  const words = wordsOf(name);
  const by = words.indexOf('by');
  const about = (by > 0 ? words.slice(0, by) : words).filter((word) => !VERBS.has(word));
  return singular(about.at(-1) ?? '');
}

export const isAboutOne = (name: string): boolean => !PLURAL_VERBS.has(wordsOf(name)[0] ?? '');

/** What a literal segment of a path is about: `line-items` → `item`; empty for `v1` and `search`. */
export function subjectOfSegment(segment: string): string {
  const last = wordsOf(segment).findLast((word) => /[a-z]/.test(word)) ?? '';
  return NO_SUBJECTS.has(last) ? '' : singular(last);
}

/** All of its words, so that `/from-accounts/1` and `toAccountId` are two things. */
export function entityOfSegment(segment: string): string {
  const words = wordsOf(segment);
  return [...words.slice(0, -1), singular(words.at(-1) ?? '')].join('_');
}
