import { describe, expect, it } from 'vitest';
import { parseSince } from './since.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');

describe('parseSince', () => {
  it.each([
    ['5m', NOW - 300_000],
    ['0s', NOW],
    ['999999h', 0],
    ['2026-01-31T11:59:00Z', NOW - 60_000],
    ['2026-01-31T12:59:00+01:00', NOW - 60_000],
  ])('%s', (text, expected) => {
    expect(parseSince(text, NOW)).toEqual({ ok: true, value: expected });
  });

  it.each(['', '5', 'yesterday', '2026', '2026-13-01T00:00:00Z'])('refuses `%s`', (text) => {
    expect(parseSince(text, NOW).ok).toBe(false);
  });
});
