/** Acronyms, words of camel case, and numbers; everything else is between words. */
const WORD = /[A-Z]{2,}s?(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+/g;
/** Lower-case names that end in `id` without being about one. */
const NO_IDS = new Set(
  'aid android avid avoid bid candid covid covfid cupid fluid grid horrid hybrid hyperid humid kid liquid lucid mid morbid paid prepaid unpaid pid placid pyramid rapid rigid said sid solid splendid squid stupid uid valid invalid vivid void'.split(
    ' ',
  ),
);

/** `customerOrder_IDs` → `customer`, `order`, `ids`; `orderid` → `order`, `id`. */
export function wordsOf(name: string): readonly string[] {
  const words = (name.match(WORD) ?? []).map((word) => word.toLowerCase());
  const last = words.at(-1);
  if (last === undefined) return words;
  const glued = /^([a-z]{3,})(ids?)$/.exec(last);
  if (glued === null || NO_IDS.has(last.replace(/s$/, ''))) return words;
  const [, stem = '', id = ''] = glued;
  return [...words.slice(0, -1), stem, id];
}

const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ['people', 'person'],
  ['children', 'child'],
  ['men', 'man'],
  ['women', 'woman'],
  ['movies', 'movie'],
  ['cookies', 'cookie'],
  ['indices', 'index'],
  ['series', 'series'],
  ['species', 'species'],
  ['news', 'news'],
]);

const SINGULARS: readonly (readonly [ending: RegExp, singular: string])[] = [
  [/(..)ies$/, '$1y'],
  [/(ss|sh|ch|x|zz|[^ao]us)es$/, '$1'],
  [/(ss|us|is)$/, '$1'],
  [/(..)s$/, '$1'],
];

/** By simple rules: what matters is that `orders`, `order` and `orderId` come to one word, not that it is English. */
export function singular(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  for (const [ending, replacement] of SINGULARS)
    if (ending.test(word)) return word.replace(ending, replacement);
  return word;
}
