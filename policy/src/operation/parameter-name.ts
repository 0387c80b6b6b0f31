/** Longer words make no good names. */
const MAX_WORD = 40;
const VERSION = /^v\d/i;

/** `orders` → `orderId`, `line-items` → `lineItemId`; `id` where the text before says nothing. */
export function parameterName(before: string | null): string {
  if (before === null || before.length > MAX_WORD || VERSION.test(before)) return 'id';
  const words = before.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const last = words.pop();
  if (last === undefined) return 'id';
  const name = [...words, singular(last)].map(capital).join('');
  return /^[A-Za-z]/.test(name) ? `${name.charAt(0).toLowerCase()}${name.slice(1)}Id` : 'id';
}

/** `name`, or with a number behind it where the template has one by that name. */
export function distinctName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let n = 2; ; n++) if (!taken.has(`${name}${n}`)) return `${name}${n}`;
}

const SINGULARS: readonly (readonly [ending: RegExp, singular: string])[] = [
  [/ies$/i, 'y'],
  [/(ss|sh|ch|x|z|tus)es$/i, '$1'],
  [/(ss|us|is)$/i, '$1'],
  [/s$/i, ''],
];

function singular(word: string): string {
  for (const [ending, replacement] of SINGULARS)
    if (ending.test(word) && word.length > 3) return word.replace(ending, replacement);
  return word;
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
