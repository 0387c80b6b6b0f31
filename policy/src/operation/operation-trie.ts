import { LiteralEdges } from '../compile/literal-edges.ts';
import type { LearnedOperation } from './learned-operation.ts';
import { PathNode, REACH, type Reach } from './path-node.ts';
import type { SavedParameter } from './saved-operation.ts';
import {
  isParameter,
  type ParameterType,
  type SegmentClass,
  segmentClass,
  widened,
} from './segment-class.ts';

/** Steps of one look-up, so that no API, however it is made, stalls a caller. A plain one takes a step per segment. */
const MAX_STEPS = 256;

/** So few literals are compared faster than hashed. */
const FEW = 4;

/** The paths of one destination as a tree of segments, and how parts of it become one. */
export class OperationTrie {
  readonly root = new PathNode(0, null, null);
  /** Nodes there are, without the root. */
  size = 0;
  /** Grows whenever a template may read differently. */
  generation = 0;
  #nextNode = 1;
  readonly #edges = new LiteralEdges<PathNode>();

  // What `find` was called with, as fields so that the walk needs no closure or argument object.
  #method = '';
  #name = '';
  #path = '';
  #steps = 0;

  /** Literals beat parameters, at each segment. */
  find(method: string, path: string, name: string): LearnedOperation | null {
    this.#method = method;
    this.#name = name;
    this.#path = path;
    this.#steps = MAX_STEPS;
    return this.#walk(this.root, 1);
  }

  /** `start` is where the next segment begins, beyond the end of the path when there is none. */
  #walk(node: PathNode, start: number): LearnedOperation | null {
    const path = this.#path;
    if (start > path.length) return node.end(this.#method, this.#name);
    if (this.#steps-- === 0) return null;
    const end = segmentEnd(path, start);
    const literal = this.literal(node, path, start, end);
    if (literal !== null) {
      const found = this.#walk(literal, end + 1);
      if (found !== null) return found;
    }
    const parameter = takenBy(node.parameter, path, start, end);
    return parameter === null ? null : this.#walk(parameter, end + 1);
  }

  /** The nodes that a path leads along, as far as it is known. */
  along(path: string): PathNode[] {
    const nodes: PathNode[] = [];
    let node = this.root;
    for (let start = 1; start <= path.length; ) {
      const end = segmentEnd(path, start);
      const next = this.literal(node, path, start, end) ?? takenBy(node.parameter, path, start, end);
      if (next === null) break;
      nodes.push(next);
      node = next;
      start = end + 1;
    }
    return nodes;
  }

  literal(parent: PathNode, path: string, start: number, end: number): PathNode | null {
    const { literals, longest } = parent;
    if (end - start > longest) return null;
    if (literals.length > FEW) return this.#edges.find(parent, path, start, end);
    for (let i = 0; i < literals.length; i++) {
      const text = literals[i]?.text;
      if (text?.length === end - start && path.startsWith(text, start)) return literals[i] ?? null;
    }
    return null;
  }

  /** `text` must not be there yet. */
  addLiteral(parent: PathNode, text: string): PathNode {
    this.size++;
    return this.#attach(parent, text, new PathNode(this.#nextNode++, parent, text));
  }

  addParameter(parent: PathNode, type: ParameterType): PathNode {
    const parameter = new PathNode(this.#nextNode++, parent, null);
    parameter.type = type;
    parent.parameter = parameter;
    this.size++;
    return parameter;
  }

  /** Where a segment leads that was saved. */
  restore(parent: PathNode, segment: string | SavedParameter): PathNode {
    if (typeof segment === 'string')
      return this.literal(parent, segment, 0, segment.length) ?? this.addLiteral(parent, segment);
    const [type, reach] = segment;
    const parameter = parent.parameter ?? this.addParameter(parent, type);
    this.widen(parameter, type);
    if (reach > parameter.reach) parameter.reach = reach;
    return parameter;
  }

  /** The parameter takes values of this type as well. */
  widen(parameter: PathNode, type: ParameterType): void {
    if (parameter.pinned || parameter.type === type) return;
    parameter.type = widened(parameter.type, type);
    this.generation++;
  }

  /** These literals of one place turn out to be values of its parameter. */
  fold(parent: PathNode, literals: readonly PathNode[], reach: Reach): PathNode {
    const parameter = parent.parameter ?? this.addParameter(parent, 'text');
    if (!parameter.pinned) parameter.type = 'text';
    parameter.reach = reach > parameter.reach ? reach : parameter.reach;
    for (const literal of literals) {
      this.#detach(literal);
      this.#pour(literal, parameter);
    }
    this.generation++;
    return parameter;
  }

  /** Forgets a node that nothing hangs on, and those above it for which that was all. */
  prune(node: PathNode): void {
    if (!node.isEmpty || node.parent === null) return;
    const { parent } = node;
    if (node.text !== null) this.#detach(node);
    else parent.parameter = null;
    this.size--;
    this.prune(parent);
  }

  /** Moves everything at and below `from`, which is attached nowhere any more, to `into`. */
  #pour(from: PathNode, into: PathNode): void {
    for (const end of from.ends) this.#moveEnd(end, into);
    for (const child of [...from.literals]) {
      const { text } = child;
      if (text === null) continue;
      this.#edges.remove(from, text);
      const same = this.literal(into, text, 0, text.length);
      if (same === null) this.#attach(into, text, child);
      else this.#pour(child, same);
    }
    if (from.parameter !== null) this.#moveParameter(from.parameter, into);
    this.size--;
  }

  #moveEnd(end: LearnedOperation, into: PathNode): void {
    const same = into.end(end.method, end.name);
    if (same !== null) {
      same.absorb(end);
      return;
    }
    end.moveTo(into);
    into.ends.push(end);
  }

  #moveParameter(parameter: PathNode, into: PathNode): void {
    const same = into.parameter;
    if (same === null) {
      parameter.parent = into;
      into.parameter = parameter;
      return;
    }
    this.widen(same, parameter.type);
    if (parameter.reach > same.reach) same.reach = parameter.reach;
    this.#pour(parameter, same);
  }

  #attach(parent: PathNode, text: string, child: PathNode): PathNode {
    child.parent = parent;
    parent.literals.push(child);
    parent.longest = Math.max(parent.longest, text.length);
    this.#edges.add(parent, text, child);
    return child;
  }

  #detach(literal: PathNode): void {
    const { parent, text } = literal;
    if (parent === null || text === null) return;
    this.#edges.remove(parent, text);
    parent.literals.splice(parent.literals.indexOf(literal), 1);
  }
}

const SLASH = 0x2f;

export function segmentEnd(path: string, start: number): number {
  // Segments are short: calling `indexOf` costs more than looking.
  let end = start;
  while (end < path.length && path.charCodeAt(end) !== SLASH) end++;
  return end;
}

/** The parameter, if this segment may be its value. */
function takenBy(parameter: PathNode | null, path: string, start: number, end: number): PathNode | null {
  if (parameter === null || end === start) return null;
  return parameter.reach === REACH.all || takes(parameter.reach, segmentClass(path, start, end))
    ? parameter
    : null;
}

/** Whether a parameter of this reach takes a segment that looks like that. */
export function takes(reach: Reach, looks: SegmentClass): boolean {
  return reach === REACH.all || isParameter(looks) || (reach === REACH.likely && looks === 'likely');
}
