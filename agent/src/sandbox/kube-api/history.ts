import type { KubeObject } from './object.ts';

export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** For DELETED: the last state, at the version of the deletion. */
  readonly object: KubeObject;
  /** What the object was before; absent for ADDED. */
  readonly previous?: KubeObject;
}

/** The last events of one resource, oldest first. What it has dropped can't be watched from: 410 Gone. */
export class EventHistory {
  readonly #limit: number;
  #events: ObjectEvent[] = [];
  #floor = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(event: ObjectEvent): void {
    this.#events.push(event);
    if (this.#events.length > this.#limit) this.#drop(this.#events.length - this.#limit);
  }

  /** The events after `version`, or undefined when some of them are gone. */
  since(version: number): readonly ObjectEvent[] | undefined {
    if (version < this.#floor) return undefined;
    return this.#events.filter((event) => versionOf(event.object) > version);
  }

  /** Forgets everything up to `version`, as etcd's compaction does. */
  compact(version: number): void {
    this.#drop(this.#events.filter((event) => versionOf(event.object) <= version).length);
    this.#floor = Math.max(this.#floor, version);
  }

  #drop(count: number): void {
    const dropped = this.#events.splice(0, count).at(-1);
    if (dropped !== undefined) this.#floor = versionOf(dropped.object);
  }
}

export const versionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion);
