import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLine, onJsonLines } from './json-lines.ts';

describe('onJsonLines', () => {
  it('gives the same values however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.json(), { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        async (texts, size) => {
          const values = texts.map((text) => JSON.parse(text));
          const bytes = Buffer.from(values.map(jsonLine).join(''));
          const stream = new PassThrough();
          const seen: unknown[] = [];
          onJsonLines(stream, (value) => seen.push(value));
          for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
          stream.end();
          await new Promise((resolve) => stream.once('close', resolve));
          expect(seen).toEqual(values);
        },
      ),
    );
  });

  it('ends the stream at what is no JSON', async () => {
    const stream = new PassThrough();
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    onJsonLines(stream, () => {});
    stream.write('{"a":1}\nnonsense\n');
    expect(await failed).toBeInstanceOf(SyntaxError);
  });
});
