import { createServer, type Server } from 'node:net';

/** What libuv gives for an accepted connection; a `Leg` wraps it. */
export interface AcceptedHandle {
  readonly fd: number;
  close(): void;
  reset(callback?: () => void): number;
}

/** The part of Node's listening handle that is used here; it is internal to Node, which is why Node is pinned. */
interface ListeningHandle {
  onconnection: (status: number, handle: AcceptedHandle | undefined) => void;
}

const BACKLOG = 4096;

/**
 * Accepts on a listening descriptor that control owns a copy of, so that closing it here refuses nobody.
 * Takes the raw handle before Node wraps it: `net.Server` would make a `Socket` without our read buffer, only to be
 * thrown away.
 */
export class Acceptor {
  private readonly server: Server;

  constructor(fd: number, accept: (handle: AcceptedHandle) => void) {
    this.server = createServer();
    // As an argument: beside a descriptor Node ignores the option, and would make the queue shorter than it is.
    this.server.listen({ fd }, BACKLOG);
    const { _handle: listening } = this.server as unknown as { _handle: ListeningHandle };
    listening.onconnection = (status, handle) => {
      if (status === 0 && handle !== undefined) accept(handle);
    };
  }

  close(): void {
    this.server.close();
  }
}
