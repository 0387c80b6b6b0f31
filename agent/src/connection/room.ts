export interface RoomOptions {
  readonly maxDescriptors: number;
  readonly maxConnections: number;
  /** Counts what all pods hold, which takes as long as there are pods. */
  used(): { readonly descriptors: number; readonly connections: number };
}

const DESCRIPTORS_PER_CONNECTION = 2;
const MOST_OF_FREE = 3;
/** What the shelves of sockets take meanwhile has to fit into the descriptors that the process keeps back. */
const MOST_AHEAD = 64;

/**
 * Room for connections in this process: refusing one beats failing in the middle of one for want of a descriptor. While
 * there is enough, it is counted once for the next so many connections together.
 *
 * Whoever has three times as many as there is still room for gets no more, so that no pod can take the room from all
 * others: one alone has three quarters at most, and ten that want as much as they can get leave a thirtieth.
 */
export class Room {
  /** Connections that may come before anybody has to count again. */
  private ahead = 0;
  private crowded = false;
  /** How many more connections there was room for when it was counted last. */
  private free = 0;
  private readonly options: RoomOptions;

  constructor(options: RoomOptions) {
    this.options = options;
  }

  /** Takes the room of one connection, for somebody who has `own` already; false when there is none. */
  take(own = 0): boolean {
    if (this.ahead > 0 && own <= MOST_OF_FREE * this.free) {
      this.ahead--;
      return true;
    }
    const { maxDescriptors, maxConnections, used } = this.options;
    const { descriptors, connections } = used();
    const free = Math.min(maxDescriptors - descriptors, maxConnections - connections);
    this.ahead = Math.min(MOST_AHEAD, Math.floor(free / DESCRIPTORS_PER_CONNECTION) - 1);
    this.crowded = Math.min(maxDescriptors / 2 - descriptors, maxConnections / 2 - connections) <= 0;
    this.free = Math.min(
      (maxDescriptors - descriptors) / DESCRIPTORS_PER_CONNECTION,
      maxConnections - connections,
    );
    return free > 0 && own <= MOST_OF_FREE * this.free;
  }

  /** Whether less than half is left. Says so once each time that it was counted. */
  takeCrowded(): boolean {
    const { crowded } = this;
    this.crowded = false;
    return crowded;
  }
}
