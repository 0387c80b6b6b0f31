import type { LearnedOperation } from './learned-operation.ts';
import type { ParameterType } from './segment-class.ts';

/** What a parameter takes of the segments that are no literal beside it: what is an id for certain; is likely one; all. */
export const REACH = { ids: 0, likely: 1, all: 2 } as const;
export type Reach = (typeof REACH)[keyof typeof REACH];

/** Words that stand beside ids without being one, by custom. */
export const NAMES: ReadonlySet<string> = new Set([
  'me',
  'self',
  'current',
  'latest',
  'search',
  'count',
  'new',
  'stats',
]);
export const LONGEST_NAME = Math.max(...[...NAMES].map(({ length }) => length));

/** One segment of the paths of a destination. */
export class PathNode {
  readonly id: number;
  /** Null for a parameter, and for the root. */
  readonly text: string | null;
  parent: PathNode | null;
  readonly literals: PathNode[] = [];
  /** Length of the longest of these that was ever here: a longer segment isn't even looked up. */
  longest = -1;
  parameter: PathNode | null = null;
  /** What is called at this place. */
  readonly ends: LearnedOperation[] = [];
  /** Somebody who knows says so: neither merged nor evicted. */
  pinned = false;
  /** Stands for itself, and is never merged. */
  fixed = false;

  /** What was learnt below since somebody last looked which of the literals are alike. */
  news = 0;

  // Of a parameter:
  type: ParameterType = 'int';
  reach: Reach = REACH.ids;
  /** As pinned; else it is named after what stands before it. */
  name: string | null = null;

  constructor(id: number, parent: PathNode | null, text: string | null) {
    this.id = id;
    this.parent = parent;
    this.text = text;
  }

  end(method: string, name: string): LearnedOperation | null {
    for (const end of this.ends) if (end.isFor(method, name)) return end;
    return null;
  }

  /** Nothing is called here, and nothing below. */
  get isEmpty(): boolean {
    return this.ends.length === 0 && this.literals.length === 0 && this.parameter === null && !this.pinned;
  }

  /** May turn out to be an id. The empty segment of a trailing slash is none. */
  get isFree(): boolean {
    return !this.pinned && !this.fixed && this.text !== null && this.text !== '' && !NAMES.has(this.text);
  }

  /** From the first segment down to this one. */
  ancestry(): PathNode[] {
    const nodes: PathNode[] = [];
    for (let node: PathNode = this; node.parent !== null; node = node.parent) nodes.push(node);
    return nodes.reverse();
  }
}

/** Nobody says anything about it, nor about what is below. */
export function unpin(node: PathNode): void {
  node.pinned = false;
  node.name = null;
  for (const literal of node.literals) unpin(literal);
  if (node.parameter !== null) unpin(node.parameter);
}

export function endsBelow(node: PathNode): LearnedOperation[] {
  const below = node.parameter === null ? node.literals : [...node.literals, node.parameter];
  return [...node.ends, ...below.flatMap(endsBelow)];
}

export function lastSeenBelow(node: PathNode): number {
  return endsBelow(node).reduce((last, { lastSeen }) => Math.max(last, lastSeen), 0);
}
