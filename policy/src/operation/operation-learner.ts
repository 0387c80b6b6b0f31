import type { SegmentType } from '../path/segment-type.ts';
import type { Segment, Template } from '../path/template.ts';
import { LearnedOperation, MAX_SHAPES } from './learned-operation.ts';
import { findKin, type LikenessLimits, MAX_DEPTH } from './likeness.ts';
import type { Operation } from './operation.ts';
import { OperationTrie, segmentEnd, takes } from './operation-trie.ts';
import { endsBelow, LONGEST_NAME, lastSeenBelow, NAMES, type PathNode, REACH, unpin } from './path-node.ts';
import { type SavedOperation, savedOperation } from './saved-operation.ts';
import { isParameter, type ParameterType, segmentClass } from './segment-class.ts';
import { templateText } from './template-text.ts';

export interface OperationLimits extends LikenessLimits {
  /** Operations of one destination. */
  readonly operations: number;
  /** Segments of a path. */
  readonly segments: number;
  /** Operations at one path: methods, and names where one path serves many. */
  readonly perPath: number;
  /** Characters of a segment that stands for itself. */
  readonly fixedLiteral: number;
  /** Characters of a method, and of what tells operations of one path apart. */
  readonly name: number;
}

export const DEFAULT_OPERATION_LIMITS: OperationLimits = {
  operations: 512,
  segments: 32,
  perPath: 128,
  fixedLiteral: 128,
  name: 128,
  alike: 8,
  alikeShapeless: 32,
  likely: 3,
  literals: 128,
};

/** One exchange that ended. */
export interface Observation {
  readonly method: string;
  /** Canonical. */
  readonly path: string;
  readonly status: number;
  /** Hash of the form of the response's body; 0 where it is not known. */
  readonly shape: number;
  /** Any clock, for what was seen last. */
  readonly now: number;
  /** Tells operations apart that share a path. */
  readonly name?: string;
  /** The path names an operation as it is, as gRPC's does: no part of it is an id. */
  readonly fixed?: boolean;
}

/** What `OperationLearner` did for want of room. */
export interface OperationCounts {
  readonly operations: number;
  readonly nodes: number;
  readonly evicted: number;
  /** Observations whose path or method could not be learnt. */
  readonly refused: number;
}

/**
 * Learns the operations of one destination from its traffic: which segments of its paths are names and which are ids.
 *
 * A segment that is an id by its form is a parameter at first sight. Words become one when enough of them stand at the
 * same place and answer in the same shape; or, as weaker evidence, when there are many more of them. What is pinned is
 * known and not learnt. Responses that don't show that something is there teach nothing, so a scanner leaves no trace.
 *
 * INVARIANT: what `observe` returned, `resolve` finds by the same method, path and name, until it is evicted.
 */
export class OperationLearner {
  readonly #limits: OperationLimits;
  readonly #trie = new OperationTrie();
  readonly #operations = new Set<LearnedOperation>();
  #nextId = 1;
  #evicted = 0;
  #refused = 0;

  constructor(limits: Partial<OperationLimits> = {}) {
    this.#limits = { ...DEFAULT_OPERATION_LIMITS, ...limits };
  }

  /** Grows whenever a template may read differently or operations became one. */
  get generation(): number {
    return this.#trie.generation;
  }

  get counts(): OperationCounts {
    const { size } = this.#trie;
    return { operations: this.#operations.size, nodes: size, evicted: this.#evicted, refused: this.#refused };
  }

  /** Those known now. */
  operations(): readonly Operation[] {
    return [...this.#operations];
  }

  /** The operation of a request; null while it is not known. Allocates nothing. */
  resolve(method: string, path: string, name = ''): Operation | null {
    return this.#trie.find(method, path, name);
  }

  /**
   * What is known of a path, whatever the method: `/orders/{orderId}`, or `/orders/**` where it goes on in a way that nobody
   * has shown. Nothing of it is copied, so it holds none of the values that were asked for.
   */
  templateOf(path: string): string {
    const nodes = this.#trie.along(path);
    const { template } = templateText(nodes);
    const segments = path.split('/', nodes.length + 2).length - 1;
    return nodes.length === segments ? template : `${template}/**`;
  }

  /**
   * Takes in an exchange that ended; null when it shows no operation, or none that can be kept. `asked` is what `resolve`
   * said when it began, which saves looking again.
   */
  observe(seen: Observation, asked: Operation | null = null): Operation | null {
    if (!showsOperation(seen.status) || seen.path.charCodeAt(0) !== SLASH) return null;
    const known = this.#known(seen, asked);
    const operation = known ?? this.#learn(seen);
    if (operation === null) {
      this.#refused++;
      return null;
    }
    const shapes = operation.shapes.length;
    const { shapeless } = operation;
    operation.note(seen);
    const newly = known === null || operation.shapes.length !== shapes || operation.shapeless !== shapeless;
    if (newly && seen.fixed !== true) this.#settleAbove(operation.node);
    return operation.mergedInto ?? operation;
  }

  /** What is worth outliving this process: operations that are no accident. */
  save(): { readonly operation: Operation; readonly saved: SavedOperation }[] {
    return [...this.#operations]
      .filter(({ seen }) => seen >= SETTLED)
      .map((operation) => ({ operation, saved: savedOperation(operation) }));
  }

  /** Takes up an operation that was saved; null when there is no room for it. One that is known by now stays as it is. */
  restore(saved: SavedOperation): Operation | null {
    const { method, name, segments, fixed } = saved;
    if (segments.length > this.#limits.segments || !this.#hasRoom()) return null;
    let node = this.#trie.root;
    for (const segment of segments) {
      node = this.#trie.restore(node, segment);
      node.fixed ||= fixed;
    }
    this.#trie.generation++;
    const known = node.end(method, name);
    if (known !== null) return known;
    const operation = this.#addOperation(node, method, name);
    if (operation === null) this.#trie.prune(node);
    else operation.restore(saved);
    return operation;
  }

  /**
   * Somebody who knows says that this destination has such paths. `methods` null: nobody knows by which. False when
   * there is no room for it.
   */
  pin(template: Template, methods: readonly string[] | null): boolean {
    if (template.segments.length > this.#limits.segments) return false;
    let node = this.#trie.root;
    for (const segment of template.segments) node = this.#pinSegment(node, segment);
    this.#trie.generation++;
    // What an open end takes may be many operations: that they begin so is all it says.
    if (template.open) return true;
    for (const method of methods ?? []) {
      const operation =
        node.end(method, '') ?? (this.#hasRoom() ? this.#addOperation(node, method, '') : null);
      if (operation === null) return false;
      operation.pinned = true;
    }
    return true;
  }

  /** From here on nothing is pinned; what was seen stays. */
  clearPins(): void {
    unpin(this.#trie.root);
    for (const operation of this.#operations) {
      operation.pinned = false;
      if (operation.seen === 0) this.#remove(operation);
    }
    this.#trie.generation++;
  }

  /** What this exchange counts for, of the operations known so far. */
  #known(seen: Observation, asked: Operation | null): LearnedOperation | null {
    const { method, path, name = '' } = seen;
    const found = this.#isLive(asked, name) ? asked : this.#trie.find(method, path, name);
    if (found === null) return null;
    if (seen.fixed === true) return found.node.ancestry().every(({ text }) => text !== null) ? found : null;
    return this.#standsOut(found, seen) ? null : found;
  }

  /** Operations that were merged or evicted meanwhile are not. */
  #isLive(asked: Operation | null, name: string): asked is LearnedOperation {
    return asked instanceof LearnedOperation && asked.name === name && this.#operations.has(asked);
  }

  /** Whether a word that the last parameter takes is none of its values: a name by custom, or by another shape. */
  #standsOut({ node, shapes }: LearnedOperation, { path, shape, method }: Observation): boolean {
    if (node.text !== null || node.pinned || node.reach !== REACH.all) return false;
    const start = path.lastIndexOf('/') + 1;
    if (path.length - start <= LONGEST_NAME && NAMES.has(path.slice(start))) return true;
    if (shape === 0 || method === 'POST' || shapes.length === 0) return false;
    if (shapes.length >= MAX_SHAPES || shapes.includes(shape)) return false;
    return segmentClass(path, start, path.length) === 'word';
  }

  #learn(seen: Observation): LearnedOperation | null {
    const { method, path, name = '', fixed = false } = seen;
    if (method.length > this.#limits.name || name.length > this.#limits.name) return null;
    if (!this.#fits(path, fixed) || !this.#hasRoom()) return null;
    const same = fixed ? null : this.#trie.find(method, path, name);
    const standsOut = same !== null;
    let node = this.#trie.root;
    for (let start = 1; start <= path.length; ) {
      const end = segmentEnd(path, start);
      const asLiteral = fixed || (standsOut && end === path.length);
      node = this.#literal(node, path, start, end) ?? this.#newChild(node, path.slice(start, end), asLiteral);
      node.fixed ||= fixed;
      start = end + 1;
    }
    const operation = node.end(method, name) ?? this.#addOperation(node, method, name);
    if (operation === null) this.#trie.prune(node);
    return operation;
  }

  #fits(path: string, fixed: boolean): boolean {
    let segments = 0;
    for (let start = 1; start <= path.length; segments++) {
      const end = segmentEnd(path, start);
      if (segments >= this.#limits.segments || (fixed && end - start > this.#limits.fixedLiteral))
        return false;
      start = end + 1;
    }
    return true;
  }

  #literal(node: PathNode, path: string, start: number, end: number): PathNode | null {
    return this.#trie.literal(node, path, start, end);
  }

  /** Where a segment leads that is no literal yet. */
  #newChild(node: PathNode, text: string, asLiteral: boolean): PathNode {
    if (asLiteral || text === '') return this.#trie.addLiteral(node, text);
    const looks = segmentClass(text, 0, text.length);
    const { parameter } = node;
    if (isParameter(looks)) {
      if (parameter === null) return this.#trie.addParameter(node, looks);
      this.#trie.widen(parameter, looks);
      return parameter;
    }
    const taken =
      parameter !== null && takes(parameter.reach, looks) && (parameter.pinned || !NAMES.has(text));
    return taken ? parameter : this.#trie.addLiteral(node, text);
  }

  #addOperation(node: PathNode, method: string, name: string): LearnedOperation | null {
    const room = name === '' ? this.#limits.perPath : this.#limits.perPath / NAMED_PART;
    if (node.ends.length >= room) return null;
    const operation = new LearnedOperation(
      { learner: this.#trie, node },
      { id: this.#nextId++, method, name },
    );
    node.ends.push(operation);
    this.#operations.add(operation);
    return operation;
  }

  // === literals that turn out to be values ===

  /** What an operation shows of itself may tell something of each place above it. */
  #settleAbove(node: PathNode): void {
    let place = node.parent;
    for (let depth = 0; place !== null && depth <= MAX_DEPTH; depth++) {
      // Where it is folded away, its place is that of what it became.
      const { parent } = place;
      place.news++;
      if (place.news * NEWS_PART >= place.literals.length) this.#settle(place);
      place = parent;
    }
  }

  #settle(place: PathNode): void {
    place.news = 0;
    for (let kin = findKin(place, this.#limits); kin !== null; kin = findKin(place, this.#limits)) {
      const parameter = this.#trie.fold(place, kin.literals, kin.reach);
      this.#dropMerged();
      this.#settleBelow(parameter);
    }
    if (place.literals.length > this.#limits.literals + place.literals.length / NEWS_PART)
      this.#forgetColdest(place);
  }

  #settleBelow(node: PathNode): void {
    this.#settle(node);
    for (const child of [...node.literals]) this.#settleBelow(child);
    if (node.parameter !== null) this.#settleBelow(node.parameter);
  }

  #dropMerged(): void {
    for (const operation of this.#operations)
      if (operation.mergedInto !== null) this.#operations.delete(operation);
  }

  // === pins ===

  #pinSegment(node: PathNode, segment: Segment): PathNode {
    if (segment.kind === 'literal') {
      const { text } = segment;
      const literal = this.#literal(node, text, 0, text.length) ?? this.#trie.addLiteral(node, text);
      literal.pinned = true;
      return literal;
    }
    const reach = segment.type === null || segment.type === 'slug' ? REACH.all : REACH.ids;
    const parameter = node.parameter ?? this.#trie.addParameter(node, PINNED_TYPES[segment.type ?? 'slug']);
    parameter.name ??= segment.name;
    parameter.pinned = true;
    if (reach !== REACH.all) return parameter;
    const values = node.literals.filter((literal) => literal.isFree);
    this.#trie.fold(node, values, reach);
    this.#dropMerged();
    return parameter;
  }

  // === room ===

  /** Forgets the operations that were seen least, where it must; false when there is none to forget. */
  #hasRoom(): boolean {
    if (this.#operations.size < this.#limits.operations) return true;
    const free = [...this.#operations].filter(({ pinned }) => !pinned);
    free.sort((a, b) => Number(a.seen >= SETTLED) - Number(b.seen >= SETTLED) || a.lastSeen - b.lastSeen);
    const count = Math.max(1, Math.floor(this.#limits.operations / EVICTED_PART));
    for (const operation of free.slice(0, count)) this.#evict(operation);
    return free.length > 0;
  }

  /** Forgets the literals that were seen longest ago, with everything below; pinned ones stay. */
  #forgetColdest(place: PathNode): void {
    const free = place.literals.filter(({ pinned }) => !pinned);
    const byAge = free.map((literal) => ({ literal, seen: lastSeenBelow(literal) }));
    byAge.sort((a, b) => a.seen - b.seen);
    for (const { literal } of byAge.slice(0, Math.ceil(byAge.length / EVICTED_PART)))
      for (const operation of endsBelow(literal)) this.#evict(operation);
  }

  #evict(operation: LearnedOperation): void {
    this.#remove(operation);
    operation.evicted = true;
    this.#evicted++;
  }

  #remove(operation: LearnedOperation): void {
    const { node } = operation;
    this.#operations.delete(operation);
    node.ends.splice(node.ends.indexOf(operation), 1);
    this.#trie.prune(node);
  }
}

const SLASH = 0x2f;
/** Seen so often, an operation is no accident. */
const SETTLED = 3;
/** Names, which callers may make up, leave room for what has none. */
const NAMED_PART = 2;
/** Looking through many literals costs more, and a single new one tells less: so many are looked through per news. */
const NEWS_PART = 32;
/** One of so many is forgotten when there is no room, so that a flood of new ones does not sort them all each time. */
const EVICTED_PART = 16;

const PINNED_TYPES: Readonly<Record<SegmentType, ParameterType>> = {
  int: 'int',
  uuid: 'uuid',
  hex: 'hex',
  slug: 'text',
};

/** 2xx and 3xx, and what a server only says of something that is there: conflicts with its state, and calls too many. */
function showsOperation(status: number): boolean {
  return (
    status === 101 || (status >= 200 && status < 400) || status === 409 || status === 412 || status === 422
  );
}
