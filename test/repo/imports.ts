import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Import {
  /** File path, or the package name as written. */
  readonly target: string;
  /** Erased before run time (`import type`), so it cannot be part of a runtime cycle. */
  readonly typeOnly: boolean;
}

const STATEMENT = /^(?:import|export)\s(?:(type)\s)?(?:[^;'"]*?\sfrom\s)?\s*['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;

/**
 * The imports of one source text. A scan, not a parser: it leans on the formatter, which starts every import
 * in the first column.
 */
export function importsOf(source: string): Import[] {
  const statements = [...source.matchAll(STATEMENT)].map(([, type, target = '']) => ({
    target,
    typeOnly: type !== undefined,
  }));
  const dynamic = [...source.matchAll(DYNAMIC)].map(([, target = '']) => ({ target, typeOnly: false }));
  return [...statements, ...dynamic];
}

/** Paths from the root of the checkout, tests and node_modules left out. */
export function sources(...patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: ROOT, exclude: ['**/node_modules', '**/*.test.ts'] }).sort();
}

/** The import graph of our own files: relative imports are resolved, packages are left out. */
export function importGraph(files: readonly string[]): Map<string, Import[]> {
  return new Map(files.map((file) => [file, ownImports(file)]));
}

function ownImports(file: string): Import[] {
  const folder = dirname(join(ROOT, file));
  return importsOf(readFileSync(join(ROOT, file), 'utf8'))
    .filter(({ target }) => target.startsWith('.'))
    .map(({ target, typeOnly }) => ({ target: relative(ROOT, join(folder, target)), typeOnly }));
}

/** One runtime import cycle as the files it goes through, or null when there is none. */
export function findCycle(graph: ReadonlyMap<string, readonly Import[]>): string[] | null {
  const done = new Set<string>();
  for (const file of graph.keys()) {
    const cycle = walk(file, [], { graph, done });
    if (cycle) return cycle;
  }
  return null;
}

interface Walk {
  readonly graph: ReadonlyMap<string, readonly Import[]>;
  readonly done: Set<string>;
}

function walk(file: string, path: readonly string[], state: Walk): string[] | null {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  if (state.done.has(file)) return null;
  for (const { target, typeOnly } of state.graph.get(file) ?? []) {
    const cycle = typeOnly ? null : walk(target, [...path, file], state);
    if (cycle) return cycle;
  }
  state.done.add(file);
  return null;
}
