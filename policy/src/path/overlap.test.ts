import { describe, expect, it } from 'vitest';
import { overlapOf } from './overlap.ts';
import { parseTemplate } from './template.ts';

function overlap(...sources: string[]): number {
  return overlapOf(
    sources.flatMap((source) => {
      const parsed = parseTemplate(source);
      return parsed.ok ? [parsed.value] : [];
    }),
  );
}

describe('overlapOf', () => {
  it.each([
    [[], 1],
    [['/a/b/c'], 4],
    [['/a/b/c', '/a/b/d', '/x', '/**'], 4],
    [['/orders/{id}', '/orders/{id}/items', '/orders/me'], 5],
    [['/{a}/1', '/{b:int}/1', '/x/1'], 7],
  ])('of %j is %i', (sources, branches) => expect(overlap(...sources)).toBe(branches));

  it('grows with every level at which templates split', () => {
    const split = (levels: number): string[] =>
      levels === 0
        ? ['']
        : split(levels - 1).flatMap((end) => [`/{p${levels}}${end}`, `/{p${levels}:int}${end}`]);
    expect(overlap(...split(8))).toBe(2 ** 9 - 1);
  });
});
