import { BodyReader, type BodyReaderOptions } from './body-reader.ts';

/** Bodies that are read at the same time; each keeps some 50 KiB. Most are all there at once and take their turns. */
const MAX_READERS = 128;

/** Somebody who reads a body. */
export interface ReaderUser {
  /** The pod whose traffic it is. */
  readonly pod: string;
  /** When it was last used, as `ReaderPool.tick` says. */
  readonly usedAt: number;
  /** Another one is in greater need of it: gives it back. */
  yieldReader(): BodyReader;
}

/**
 * Readers of bodies, shared by all pods of a process. When all are in use, the pod that has most of them gives up the one it
 * has not used for longest: bodies that come slowly, or never end, keep nobody from reading those of others.
 */
export class ReaderPool {
  readonly #options: BodyReaderOptions;
  readonly #idle: BodyReader[] = [];
  readonly #users = new Set<ReaderUser>();
  #ticks = 0;

  constructor(options: BodyReaderOptions) {
    this.#options = options;
  }

  /** Later than all before. */
  tick(): number {
    return ++this.#ticks;
  }

  take(user: ReaderUser): BodyReader {
    const reader = this.#idle.pop() ?? this.#anotherFor(user.pod);
    this.#users.add(user);
    return reader;
  }

  giveBack(user: ReaderUser, reader: BodyReader): void {
    this.#users.delete(user);
    this.#idle.push(reader);
  }

  #anotherFor(pod: string): BodyReader {
    const last = this.#users.size < MAX_READERS ? undefined : this.#leastNeeded(pod);
    if (last === undefined) return new BodyReader(this.#options);
    this.#users.delete(last);
    return last.yieldReader();
  }

  #leastNeeded(asking: string): ReaderUser | undefined {
    const held = new Map<string, number>();
    for (const { pod } of this.#users) held.set(pod, (held.get(pod) ?? 0) + 1);
    const most = Math.max(...held.values());
    const isGreedy = (pod: string) => (held.get(asking) === most ? pod === asking : held.get(pod) === most);
    let found: ReaderUser | undefined;
    for (const user of this.#users)
      if (isGreedy(user.pod) && user.usedAt < (found?.usedAt ?? Number.POSITIVE_INFINITY)) found = user;
    return found;
  }
}
