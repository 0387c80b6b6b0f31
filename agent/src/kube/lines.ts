/**
 * Cuts a stream of bytes into lines of UTF-8. Throws when a line grows beyond `maxLength` (UTF-16 units), so
 * that a broken server can't make us keep an endless one. A last line without its newline is dropped: it is a
 * message that was cut off.
 */
export async function* lines(stream: AsyncIterable<Uint8Array>, maxLength: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let held = 0;
  for await (const chunk of stream) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    held += first.length;
    for (const next of rest) {
      yield parts.join('');
      parts = [next];
      held = next.length;
    }
    if (held > maxLength) throw new Error(`a line is longer than ${maxLength} characters`);
  }
}
