import type { Operation, Parameter } from './operation.ts';
import type { PathNode } from './path-node.ts';
import type { SavedOperation } from './saved-operation.ts';
import { templateText } from './template-text.ts';

/** An operation that answers in this many shapes has no shape of its own. */
export const MAX_SHAPES = 4;

/** A number that grows whenever a template may read differently. */
export interface Generation {
  readonly generation: number;
}

export class LearnedOperation implements Operation {
  evicted = false;
  pinned = false;
  seen = 0;
  lastSeen = 0;
  /** Of its responses that had one. */
  readonly shapes: number[] = [];
  /** It has been answered with something that may have a shape, only nobody told which. */
  shapeless = false;
  readonly id: number;
  readonly method: string;
  readonly name: string;
  #node: PathNode;
  #mergedInto: LearnedOperation | null = null;
  #template = '';
  #parameters: readonly Parameter[] = [];
  #writtenIn = -1;
  readonly #learner: Generation;

  constructor(
    place: { learner: Generation; node: PathNode },
    what: { id: number; method: string; name: string },
  ) {
    this.#learner = place.learner;
    this.#node = place.node;
    this.id = what.id;
    this.method = what.method;
    this.name = what.name;
  }

  get template(): string {
    this.#write();
    return this.#template;
  }

  get parameters(): readonly Parameter[] {
    this.#write();
    return this.#parameters;
  }

  get mergedInto(): LearnedOperation | null {
    let into = this.#mergedInto;
    while (into !== null && into.#mergedInto !== null) into = into.#mergedInto;
    this.#mergedInto = into;
    return into;
  }

  get node(): PathNode {
    return this.#node;
  }

  moveTo(node: PathNode): void {
    this.#node = node;
  }

  isFor(method: string, name: string): boolean {
    return this.method === method && this.name === name;
  }

  note(seen: { readonly status: number; readonly shape: number; readonly now: number }): void {
    this.seen++;
    this.lastSeen = seen.now;
    if (seen.shape !== 0) this.#addShape(seen.shape);
    else if (!hasNoBody(seen.status)) this.shapeless = true;
  }

  /** Becomes both. */
  absorb(other: LearnedOperation): void {
    this.seen += other.seen;
    this.lastSeen = Math.max(this.lastSeen, other.lastSeen);
    this.pinned ||= other.pinned;
    this.shapeless ||= other.shapeless;
    for (const shape of other.shapes) this.#addShape(shape);
    // It keeps the last template it had by itself.
    other.#write();
    other.#mergedInto = this;
  }

  restore({ seen, lastSeen, shapes, shapeless }: SavedOperation): void {
    this.seen = seen;
    this.lastSeen = lastSeen;
    this.shapeless = shapeless;
    for (const shape of shapes) this.#addShape(shape);
  }

  #addShape(shape: number): void {
    if (this.shapes.length < MAX_SHAPES && !this.shapes.includes(shape)) this.shapes.push(shape);
  }

  /** Written when somebody asks: on the way of a request nobody does. */
  #write(): void {
    if (this.#writtenIn === this.#learner.generation || this.#mergedInto !== null) return;
    this.#writtenIn = this.#learner.generation;
    const { template, parameters } = templateText(this.#node.ancestry());
    this.#template = template;
    this.#parameters = parameters;
  }
}

/** 204 and 205 have no content, 304 leaves it out: that they are alike says nothing. */
const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304;
