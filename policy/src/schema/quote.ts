/** What the operator wrote, for a message: long texts cut, objects and lists only named. */
export function quote(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = String(value);
  return text.length <= LONGEST ? `\`${text}\`` : `\`${text.slice(0, LONGEST)}…\``;
}

/** Characters; a message goes into a status condition and into logs. */
const LONGEST = 80;
