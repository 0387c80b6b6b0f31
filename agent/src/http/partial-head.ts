import { HeldBytes } from '../kernel/held-bytes.ts';
import { faultCode, NEED_MORE } from './fault.ts';
import { findHeadEnd } from './head-end.ts';

/** Bytes of a message head whose end has not come yet (or of what follows a message whose turn it is not). */
export class PartialHead {
  private readonly held = new HeldBytes();
  /** Up to here no end of head was found: each byte is searched once, however slowly the head comes. */
  private searched = 0;

  get length(): number {
    return this.held.length;
  }

  get memoryBytes(): number {
    return this.held.memoryBytes;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    this.held.append(bytes, start, end);
  }

  /** The offset after the head, `NEED_MORE`, or the code of a fault that more bytes can't mend. */
  find(maxHeadBytes: number): number {
    const found = findHeadEnd(this.held.bytes, 0, this.searched, this.held.length);
    this.searched = this.held.length;
    return found === NEED_MORE && this.held.length > maxHeadBytes ? faultCode('head_too_large') : found;
  }

  take(): Uint8Array {
    this.searched = 0;
    return this.held.take();
  }
}
