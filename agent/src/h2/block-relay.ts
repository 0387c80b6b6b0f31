import { FieldList } from './field-list.ts';
import { headersFrames } from './frame.ts';
import type { CurrentFrame } from './frame-walker.ts';
import { HpackDecoder, type HpackFault } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

/**
 * The header blocks of one direction. As long as each one goes on, the receiver's dynamic table and ours stay equal
 * and the original bytes are right for it. A block that is dropped after it changed our table ends that: from then on
 * every block is written anew without a table.
 *
 * INVARIANT: until then the receiver has seen exactly the blocks that our decoder has, and blocks of ours, which
 * change nothing but the table's size.
 */
export class BlockRelay {
  readonly fields = new FieldList();
  private readonly decoder: HpackDecoder;
  private encoder: HpackEncoder | null = null;
  private rewriting = false;
  private emptied = false;
  private revisionBefore = 0;

  constructor(maxListBytes: number) {
    this.decoder = new HpackDecoder(maxListBytes);
  }

  /** The receiver's table limit was acknowledged by the sender. */
  limitTable(size: number): void {
    this.decoder.limitTable(size);
  }

  /** Decodes a block into `fields`; it must be passed or dropped before the next one. */
  read(frame: CurrentFrame): HpackFault | null {
    this.revisionBefore = this.decoder.revision;
    return this.decoder.decode(frame.bytes, frame.start, frame.end, this.fields);
  }

  /** The block goes on: null for its original bytes, else the frames to send in their place. */
  pass(frame: CurrentFrame): Uint8Array | null {
    if (!this.rewriting) return null;
    const encoder = this.beginBlock();
    encoder.list(this.fields);
    return headersFrames(frame.streamId, encoder.take(), frame.endsStream);
  }

  /** The receiver will not see the block. */
  drop(): void {
    if (this.decoder.revision !== this.revisionBefore) this.rewriting = true;
  }

  /** A block that the sender never wrote. */
  compose(streamId: number, fields: readonly (readonly [string, string])[], endsStream: boolean): Uint8Array {
    const encoder = this.beginBlock();
    for (const [name, value] of fields) encoder.field(name, value, false);
    return headersFrames(streamId, encoder.take(), endsStream);
  }

  private beginBlock(): HpackEncoder {
    this.encoder ??= new HpackEncoder();
    if (this.rewriting) {
      // An empty table satisfies every limit that the receiver has set or will set (RFC 7541 §4.2), once and for all.
      if (!this.emptied) this.encoder.sizeUpdate(0);
      this.emptied = true;
      return this.encoder;
    }
    // The receiver has lowered its limit and wants to hear so in the very next block, which is ours.
    const owed = this.decoder.owedSize;
    if (owed >= 0) {
      this.encoder.sizeUpdate(owed);
      this.decoder.applySize(owed);
    }
    return this.encoder;
  }
}
