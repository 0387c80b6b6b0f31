/** FNV-1a over the characters of a text, as a signed 32-bit number. Tells texts apart; hides nothing. */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
