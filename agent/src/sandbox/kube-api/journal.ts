import { EventHistory, type ObjectEvent } from './history.ts';
import { frozenCopy, type KubeObject, objectKey } from './object.ts';

export type Listener = (event: ObjectEvent) => void;

interface Table {
  readonly objects: Map<string, KubeObject>;
  /** The objects by key, until one comes or goes or changes. */
  sorted: readonly KubeObject[] | undefined;
  readonly history: EventHistory;
  readonly listeners: Set<Listener>;
}

/** The objects by resource name, one version counter over all of them, and the events of every change. */
export class Journal {
  readonly #tables = new Map<string, Table>();
  readonly #undelivered: { readonly name: string; readonly event: ObjectEvent }[] = [];
  readonly #historyLimit: number;
  #delivering = false;
  #version = 0;

  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  get version(): number {
    return this.#version;
  }

  get(name: string, key: string): KubeObject | undefined {
    return this.#tables.get(name)?.objects.get(key);
  }

  /** Sorted by key. */
  list(name: string): readonly KubeObject[] {
    const table = this.#table(name);
    table.sorted ??= sortedByKey(table.objects);
    return table.sorted;
  }

  /** The objects as they were at `version`; undefined when the history doesn't reach back that far. */
  listAt(name: string, version: number): KubeObject[] | undefined {
    const since = this.eventsSince(name, version);
    if (since === undefined) return undefined;
    const objects = new Map(this.#tables.get(name)?.objects);
    for (const event of since.toReversed()) {
      const { namespace, name: ownName } = event.object.metadata;
      const key = objectKey(namespace, ownName);
      if (event.previous === undefined) objects.delete(key);
      else objects.set(key, event.previous);
    }
    return sortedByKey(objects);
  }

  /** Events after `version`, oldest first; undefined when some of them are forgotten. */
  eventsSince(name: string, version: number): readonly ObjectEvent[] | undefined {
    return this.#table(name).history.since(version);
  }

  /** Stores the object under the next version. */
  put(name: string, object: KubeObject): KubeObject {
    const stored = this.#stamp(object);
    const table = this.#table(name);
    const key = objectKey(stored.metadata.namespace, stored.metadata.name);
    const previous = table.objects.get(key);
    table.objects.set(key, stored);
    table.sorted = undefined;
    this.#publish(
      name,
      previous === undefined
        ? { type: 'ADDED', object: stored }
        : { type: 'MODIFIED', object: stored, previous },
    );
    return stored;
  }

  /** Drops the object; returns its last state at the version of the deletion. */
  delete(name: string, current: KubeObject): KubeObject {
    const last = this.#stamp(current);
    const table = this.#table(name);
    table.objects.delete(objectKey(current.metadata.namespace, current.metadata.name));
    table.sorted = undefined;
    this.#publish(name, { type: 'DELETED', object: last, previous: current });
    return last;
  }

  subscribe(name: string, listener: Listener): () => void {
    const { listeners } = this.#table(name);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Forgets all events so far: a watch from any earlier version gets 410. */
  compact(): void {
    for (const table of this.#tables.values()) table.history.compact(this.#version);
  }

  #stamp(object: KubeObject): KubeObject {
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    return frozenCopy({ ...object, metadata });
  }

  // INVARIANT: every listener sees every event in the order of the writes, even when a listener writes: its
  // event waits until the current one has reached everybody.
  #publish(name: string, event: ObjectEvent): void {
    this.#table(name).history.push(event);
    this.#undelivered.push({ name, event });
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const listener of [...this.#table(next.name).listeners]) listener(next.event);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #table(name: string): Table {
    const found = this.#tables.get(name);
    if (found !== undefined) return found;
    const made = {
      objects: new Map(),
      sorted: undefined,
      history: new EventHistory(this.#historyLimit),
      listeners: new Set<Listener>(),
    };
    this.#tables.set(name, made);
    return made;
  }
}

function sortedByKey(objects: ReadonlyMap<string, KubeObject>): KubeObject[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
