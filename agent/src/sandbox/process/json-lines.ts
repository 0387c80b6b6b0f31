import type { Readable } from 'node:stream';

/** Longest line that is kept while its end has not come. */
const MAX_LINE = 64 * 1024 * 1024;

/** Calls back for every line of JSON on the stream; a line that is none, or too long, ends it with an error. */
export function onJsonLines(stream: Readable, onValue: (value: unknown) => void): void {
  let pending: string[] = [];
  let length = 0;
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const [head = '', ...rest] = chunk.split('\n');
    pending.push(head);
    length += head.length;
    if (length > MAX_LINE) {
      stream.destroy(new Error('line too long'));
      return;
    }
    for (const line of rest) {
      const text = pending.join('');
      pending = [line];
      length = line.length;
      try {
        if (text !== '') onValue(JSON.parse(text));
      } catch (error) {
        stream.destroy(error instanceof Error ? error : new Error(String(error)));
        return;
      }
    }
  });
}

export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;
