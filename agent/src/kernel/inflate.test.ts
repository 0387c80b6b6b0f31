import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Coding, inflate } from './inflate.ts';

const COMPRESS: Readonly<Record<Coding, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
};

describe.each(['gzip', 'deflate', 'br'] as const)('%s', (coding) => {
  const compress = COMPRESS[coding];

  it('gives back what was compressed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(inflate(compress(bytes), coding, 1000)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('stops where there is more than wanted: a small body may be a large one', () => {
    expect(inflate(compress(new Uint8Array(10_000_000)), coding, 1000)).toBe('too_large');
  });

  it('says that other bytes are none, and never throws', () => {
    expect(inflate(Buffer.from('plain text, not compressed at all'), coding, 1000)).toBe('malformed');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void inflate(bytes, coding, 1000)));
  });
});
