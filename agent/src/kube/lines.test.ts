import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lines } from './lines.ts';

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const size of [...sizes, bytes.length]) {
    if (from >= bytes.length) return;
    yield bytes.subarray(from, from + size);
    from += size;
  }
}

test('any split of the bytes gives the same lines', async () => {
  const texts = fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' ')));
  await fc.assert(
    fc.asyncProperty(texts, fc.array(fc.integer({ min: 1, max: 7 })), async (expected, sizes) => {
      const bytes = new TextEncoder().encode(expected.map((text) => `${text}\n`).join(''));
      expect(await collect(lines(cut(bytes, sizes), 1000))).toEqual(expected);
    }),
  );
});

test('a last line that was cut off is dropped', async () => {
  const bytes = new TextEncoder().encode('whole\nhal');
  expect(await collect(lines(cut(bytes, []), 100))).toEqual(['whole']);
});

test('an endless line is refused', async () => {
  const bytes = new TextEncoder().encode('x'.repeat(50));
  await expect(collect(lines(cut(bytes, [10, 10, 10]), 20))).rejects.toThrow('longer than 20');
});

async function collect(source: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of source) all.push(line);
  return all;
}
