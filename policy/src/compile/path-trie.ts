import { SEGMENT_CHECKS, type SegmentCheck } from '../path/segment-type.ts';
import type { Segment, Template } from '../path/template.ts';
import { emptyLanes, type Lane, type Lanes } from './lanes.ts';
import { MethodTable } from './method-table.ts';

interface LiteralEdge {
  readonly text: string;
  readonly node: Node;
  /** Another literal with the same hash. */
  readonly next: LiteralEdge | undefined;
}

interface TypedEdge {
  readonly check: SegmentCheck;
  readonly node: Node;
}

class Node {
  /** By hash, so that a lookup cuts no string out of the path. */
  readonly literals = new Map<number, LiteralEdge>();
  /** Length of the longest literal: a longer segment isn't even hashed. -1 without literals. */
  longest = -1;
  readonly typed: TypedEdge[] = [];
  /** `{name}` without a type. */
  any: Node | null = null;
  /** Rules whose template ends here. */
  end: MethodTable | null = null;
  /** Rules whose template goes on with `**` from here. */
  open: MethodTable | null = null;
}

/**
 * Path templates and methods of many rules, walked once per request. The cost follows the length of the path and
 * how many templates overlap on it, not how many rules there are. Matching allocates nothing.
 */
export class PathTrie {
  readonly #root = new Node();
  /** Rules that hold for every path, `*` included. */
  readonly #pathless = new MethodTable();

  // What `match` was called with, as fields so that the walk needs no closure or argument object.
  #method = '';
  #path = '';
  #into: Lanes = emptyLanes();

  add(
    template: Template | null,
    methods: readonly string[] | null,
    place: { lane: Lane; rank: number },
  ): void {
    this.#tableOf(template).add(methods, place.lane, place.rank);
  }

  /** Adds to `into` the lowest rank per lane of the rules that match; `path` must be canonical. */
  match(method: string, path: string, into: Lanes): void {
    this.#pathless.collect(method, into);
    if (path === '*') return;
    this.#method = method;
    this.#path = path;
    this.#into = into;
    this.#walk(this.#root, 1);
  }

  /** `start` is where the next segment begins, beyond the end of the path when there is none. */
  #walk(node: Node, start: number): void {
    const path = this.#path;
    if (node.open !== null) node.open.collect(this.#method, this.#into);
    if (start > path.length) {
      if (node.end !== null) node.end.collect(this.#method, this.#into);
      return;
    }
    const slash = path.indexOf('/', start);
    const end = slash < 0 ? path.length : slash;
    if (end - start <= node.longest) {
      const literal = findLiteral(node, path, start, end);
      if (literal !== null) this.#walk(literal, end + 1);
    }
    if (end === start) return;
    if (node.any !== null) this.#walk(node.any, end + 1);
    for (const edge of node.typed) if (edge.check(path, start, end)) this.#walk(edge.node, end + 1);
  }

  #tableOf(template: Template | null): MethodTable {
    if (template === null) return this.#pathless;
    let node = this.#root;
    for (const segment of template.segments) node = childFor(node, segment);
    if (template.open) {
      node.open ??= new MethodTable();
      return node.open;
    }
    node.end ??= new MethodTable();
    return node.end;
  }
}

function childFor(node: Node, segment: Segment): Node {
  if (segment.kind === 'literal') return literalChild(node, segment.text);
  if (segment.type === null) {
    node.any ??= new Node();
    return node.any;
  }
  const check = SEGMENT_CHECKS[segment.type];
  const found = node.typed.find((edge) => edge.check === check);
  if (found !== undefined) return found.node;
  const child = new Node();
  node.typed.push({ check, node: child });
  return child;
}

function literalChild(node: Node, text: string): Node {
  const found = findLiteral(node, text, 0, text.length);
  if (found !== null) return found;
  const hash = hashOf(text, 0, text.length);
  const child = new Node();
  node.literals.set(hash, { text, node: child, next: node.literals.get(hash) });
  node.longest = Math.max(node.longest, text.length);
  return child;
}

function findLiteral(node: Node, path: string, start: number, end: number): Node | null {
  let edge = node.literals.get(hashOf(path, start, end));
  while (edge !== undefined) {
    if (edge.text.length === end - start && path.startsWith(edge.text, start)) return edge.node;
    edge = edge.next;
  }
  return null;
}

/** FNV-1a, kept within 30 bits so that the engine holds it as a small integer. */
function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash & 0x3fffffff;
}
