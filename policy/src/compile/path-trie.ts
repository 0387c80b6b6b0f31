import { SEGMENT_CHECKS, type SegmentCheck } from '../path/segment-type.ts';
import type { Segment, Template } from '../path/template.ts';
import type { CompiledOperation } from './compiled-rules.ts';
import { emptyLanes, type Lane, type Lanes } from './lanes.ts';
import { LiteralEdges } from './literal-edges.ts';
import { MethodTable } from './method-table.ts';

interface TypedEdge {
  readonly check: SegmentCheck;
  readonly node: Node;
  readonly next: TypedEdge | null;
}

class Node {
  readonly id: number;
  /** Length of the longest literal below: a longer segment isn't even looked up. -1 without literals. */
  longest = -1;
  /** `{name}` without a type. */
  any: Node | null = null;
  /** At most one for each segment type. */
  typed: TypedEdge | null = null;
  /** Rules whose template ends here. */
  end: MethodTable | null = null;
  /** Rules whose template goes on with `**` from here. */
  open: MethodTable | null = null;

  constructor(id: number) {
    this.id = id;
  }
}

/** Stands in before the first `match`, so that the many tries of a host table don't each hold one. */
const NOWHERE: Lanes = emptyLanes();

/**
 * Path templates and methods of many rules, walked once per request. The cost follows the length of the path and
 * how many templates overlap on it, not how many rules there are. Matching allocates nothing.
 */
export class PathTrie {
  #nodeCount = 1;
  readonly #root = new Node(0);
  readonly #literals = new LiteralEdges<Node>();
  /** Rules that hold for every path, `*` included. */
  readonly #pathless = new MethodTable();

  // What `match` was called with, as fields so that the walk needs no closure or argument object.
  #method = '';
  #path = '';
  #into: Lanes = NOWHERE;

  add({ template, methods }: CompiledOperation, { lane, rank }: { lane: Lane; rank: number }): void {
    this.#tableOf(template).add(methods, lane, rank);
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
      const child = this.#literals.find(node, path, start, end);
      if (child !== null) this.#walk(child, end + 1);
    }
    if (end === start) return;
    if (node.any !== null) this.#walk(node.any, end + 1);
    for (let edge = node.typed; edge !== null; edge = edge.next) {
      if (edge.check(path, start, end)) this.#walk(edge.node, end + 1);
    }
  }

  #tableOf(template: Template | null): MethodTable {
    if (template === null) return this.#pathless;
    let node = this.#root;
    for (const segment of template.segments) node = this.#childFor(node, segment);
    if (template.open) {
      node.open ??= new MethodTable();
      return node.open;
    }
    node.end ??= new MethodTable();
    return node.end;
  }

  #childFor(node: Node, segment: Segment): Node {
    if (segment.kind === 'literal') return this.#literalChild(node, segment.text);
    if (segment.type === null) {
      node.any ??= this.#newNode();
      return node.any;
    }
    const check = SEGMENT_CHECKS[segment.type];
    for (let edge = node.typed; edge !== null; edge = edge.next) if (edge.check === check) return edge.node;
    node.typed = { check, node: this.#newNode(), next: node.typed };
    return node.typed.node;
  }

  #literalChild(node: Node, text: string): Node {
    const found = this.#literals.find(node, text, 0, text.length);
    if (found !== null) return found;
    const child = this.#newNode();
    this.#literals.add(node, text, child);
    node.longest = Math.max(node.longest, text.length);
    return child;
  }

  #newNode(): Node {
    return new Node(this.#nodeCount++);
  }
}
