export interface RoomOptions {
  readonly maxDescriptors: number;
  readonly maxConnections: number;
  /** Counts what all pods hold, which takes as long as there are pods. */
  used(): { readonly descriptors: number; readonly connections: number };
}

const DESCRIPTORS_PER_CONNECTION = 2;
/** What the shelves of sockets take meanwhile has to fit into the descriptors that the process keeps back. */
const MOST_AHEAD = 64;

/**
 * Room for connections in this process: refusing one beats failing in the middle of one for want of a descriptor. While
 * there is enough, it is counted once for the next so many connections together.
 */
export class Room {
  /** Connections that may come before anybody has to count again. */
  private ahead = 0;
  private crowded = false;
  private readonly options: RoomOptions;

  constructor(options: RoomOptions) {
    this.options = options;
  }

  /** Takes the room of one connection; false when there is none. */
  take(): boolean {
    if (this.ahead > 0) {
      this.ahead--;
      return true;
    }
    const { maxDescriptors, maxConnections, used } = this.options;
    const { descriptors, connections } = used();
    const free = Math.min(maxDescriptors - descriptors, maxConnections - connections);
    this.ahead = Math.min(MOST_AHEAD, Math.floor(free / DESCRIPTORS_PER_CONNECTION) - 1);
    this.crowded = Math.min(maxDescriptors / 2 - descriptors, maxConnections / 2 - connections) <= 0;
    return free > 0;
  }

  /** Whether less than half is left. Says so once each time that it was counted. */
  takeCrowded(): boolean {
    const { crowded } = this;
    this.crowded = false;
    return crowded;
  }
}
