import { objectAt, type Problem, textAt } from '../identity/json.ts';
import type { Projected } from '../identity/project.ts';
import { err } from '../kernel/result.ts';

export interface MirrorHandlers<T> {
  upsert(key: string, value: T): void;
  remove(key: string): void;
}

export interface MirrorOptions<T> {
  readonly project: (json: unknown) => Projected<T>;
  readonly handlers: MirrorHandlers<T>;
  /** `name` joins namespace and name; `uid` tells a pod from its successor of the same name. */
  readonly keyedBy: 'name' | 'uid';
  /** Told of every object that can't be used; it changes nothing, so its last good version stays. */
  readonly malformed: (key: string, problem: Problem) => void;
}

/**
 * Turns lists and watch events into upserts and removals. It keeps keys and versions only; the objects belong
 * to the handlers.
 *
 * INVARIANT: after a complete list, the handlers have been told of exactly the usable objects in it.
 */
export class Mirror<T> {
  readonly #options: MirrorOptions<T>;
  /** Key → `resourceVersion` of what the handlers have. */
  readonly #versions = new Map<string, string>();
  #listed: Set<string> | null = null;

  constructor(options: MirrorOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#versions.size;
  }

  /** Begins a new list, and forgets one that was broken off. */
  beginList(): void {
    this.#listed = new Set();
  }

  /** What was known before the list and is not in it has been deleted while we were away. */
  endList(): void {
    const listed = this.#listed;
    this.#listed = null;
    if (listed === null) return;
    for (const key of [...this.#versions.keys()]) if (!listed.has(key)) this.#drop(key);
  }

  put(json: unknown): void {
    const key = this.#keyOf(json);
    this.#listed?.add(key);
    const version = textAt(objectAt(json, 'metadata'), 'resourceVersion');
    // A list after a gap repeats mostly what is known, and nobody downstream should pay for that.
    if (version !== '' && this.#versions.get(key) === version) return;
    const projected = this.#project(key, json);
    if (!projected.ok) this.#options.malformed(key, projected.error);
    else if (projected.value === null) this.#drop(key);
    else {
      this.#versions.set(key, version);
      this.#options.handlers.upsert(key, projected.value);
    }
  }

  delete(json: unknown): void {
    this.#drop(this.#keyOf(json));
  }

  #drop(key: string): void {
    if (this.#versions.delete(key)) this.#options.handlers.remove(key);
  }

  #project(key: string, json: unknown): Projected<T> {
    if (key === '') return err({ path: 'metadata', message: 'names no object' });
    try {
      return this.#options.project(json);
    } catch (error) {
      // A bug in a parser, met by one odd object, must not cost all the others.
      return err({ path: '', message: `can't be read: ${error}` });
    }
  }

  #keyOf(json: unknown): string {
    const metadata = objectAt(json, 'metadata');
    if (this.#options.keyedBy === 'uid') return textAt(metadata, 'uid');
    const namespace = textAt(metadata, 'namespace');
    const name = textAt(metadata, 'name');
    return namespace === '' || name === '' ? name : `${namespace}/${name}`;
  }
}
