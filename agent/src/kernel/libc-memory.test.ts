import { describe, expect, it } from 'vitest';
import { bindLibc } from './libc.ts';
import { giveBackFreed } from './libc-memory.ts';

const malloc = bindLibc<(bytes: number) => number>('uintptr_t malloc(size_t size)');
const memset = bindLibc<(at: number, byte: number, bytes: number) => number>(
  'uintptr_t memset(uintptr_t at, int byte, size_t size)',
);
const free = bindLibc<(at: number) => number>('int free(uintptr_t at)');

/** Below what glibc maps by itself, and gives back at once. */
const PIECE = 64 * 1_024;
const PIECES = 1_000;

describe('giveBackFreed', () => {
  it('gives back what lies before something that is still needed', () => {
    const pieces = Array.from({ length: PIECES }, () => malloc(PIECE));
    for (const piece of pieces) memset(piece, 1, PIECE);
    for (const piece of pieces.slice(0, -1)) free(piece);
    const before = process.memoryUsage.rss();
    expect(giveBackFreed()).toBe(true);
    expect(before - process.memoryUsage.rss()).toBeGreaterThan((PIECE * PIECES) / 2);
    for (const piece of pieces.slice(-1)) free(piece);
  });
});
