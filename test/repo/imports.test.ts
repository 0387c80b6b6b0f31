import { describe, expect, it } from 'vitest';
import { findCycle, importsOf } from './imports.ts';

const runtime = (...targets: string[]) => targets.map((target) => ({ target, typeOnly: false }));

describe('importsOf', () => {
  it('finds every form of import', () => {
    const source = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      "import './c.ts';",
      'import {\n  type D,\n  d,\n} from "./d.ts";',
      "export { e } from './e.ts';",
      "export type { F } from './f.ts';",
      "const g = await import('./g.ts');",
      "export const text = 'from nowhere';",
    ].join('\n');
    expect(importsOf(source)).toEqual([
      { target: './a.ts', typeOnly: false },
      { target: './b.ts', typeOnly: true },
      { target: './c.ts', typeOnly: false },
      { target: './d.ts', typeOnly: false },
      { target: './e.ts', typeOnly: false },
      { target: './f.ts', typeOnly: true },
      { target: './g.ts', typeOnly: false },
    ]);
  });
});

describe('findCycle', () => {
  it('names the files of a cycle', () => {
    const graph = new Map([
      ['a', runtime('b')],
      ['b', runtime('c')],
      ['c', runtime('b')],
    ]);
    expect(findCycle(graph)).toEqual(['b', 'c', 'b']);
  });

  it('accepts a diamond, and a cycle of types', () => {
    const graph = new Map([
      ['a', runtime('b', 'c')],
      ['b', runtime('d')],
      ['c', runtime('d')],
      ['d', [{ target: 'a', typeOnly: true }]],
    ]);
    expect(findCycle(graph)).toBeNull();
  });
});
