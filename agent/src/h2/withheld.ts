import { HeldBytes } from '../kernel/held-bytes.ts';
import { FRAME_HEAD, writeHead } from './frame.ts';
import type { CurrentFrame } from './frame-walker.ts';
import type { RequestHead } from './request-head.ts';

/** The DATA frames of a request that upstream gets when guards have seen them, or never. */
export class Withheld {
  readonly head: RequestHead;
  /** Monotonic milliseconds. */
  readonly since: number;
  /** What flow control counts of the frames. */
  windowBytes = 0;
  readonly frames = new HeldBytes();
  /** To be let go at the end of the frame that is coming in: half a one can't be sent. */
  overdue = false;

  constructor(head: RequestHead, since: number) {
    this.head = head;
    this.since = since;
  }

  /** The payload follows, by `frames.append`. */
  beginFrame(frame: CurrentFrame): void {
    this.windowBytes += frame.length;
    writeHead(FRAME_START, frame, frame.length);
    this.frames.append(FRAME_START, 0, FRAME_HEAD);
  }
}

const FRAME_START = new Uint8Array(FRAME_HEAD);
