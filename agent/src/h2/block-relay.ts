import { copyOf } from '../kernel/bytes.ts';
import { FieldList } from './field-list.ts';
import { FLAG, FRAME, FRAME_HEAD, MIN_MAX_FRAME, splitHeaders, writeHead } from './frame.ts';
import type { CurrentFrame, Emit } from './frame-walker.ts';
import { HpackDecoder, type HpackFault } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

export interface BlockTarget {
  readonly streamId: number;
  readonly endsStream: boolean;
}

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

  /** What is kept of the blocks: the table, and the fields of the last one. */
  get heldBytes(): number {
    return this.decoder.tableBytes + this.fields.bytes;
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

  /** The block goes on: true for its original bytes, false when it was sent anew instead. */
  pass(frame: CurrentFrame, send: Emit): boolean {
    if (!this.rewriting) return true;
    const encoder = this.beginBlock();
    encoder.list(this.fields);
    sendBlock(encoder, frame, send);
    return false;
  }

  /** The block goes on later, or is dropped, but before the next one is read: its frames, without a priority. */
  defer(frame: CurrentFrame): Uint8Array {
    let frames: Uint8Array | null = null;
    const asItIs = this.pass(frame, (bytes, start, end) => {
      frames = copyOf(bytes, start, end);
    });
    if (asItIs)
      return splitHeaders(frame.streamId, frame.bytes.subarray(frame.start, frame.end), frame.endsStream);
    // Should it be dropped, the next one has to say once more that the table is empty.
    this.emptied = false;
    return frames ?? NO_FRAMES;
  }

  /** The receiver will not see the block. */
  drop(): void {
    if (this.decoder.revision !== this.revisionBefore) this.rewriting = true;
  }

  /** Sends a block that the sender never wrote; returns its bytes on the wire. */
  compose(target: BlockTarget, fields: readonly (readonly [string, string])[], send: Emit): number {
    const encoder = this.beginBlock();
    for (const [name, value] of fields) encoder.field(name, value, false);
    return sendBlock(encoder, target, send);
  }

  private beginBlock(): HpackEncoder {
    this.encoder ??= new HpackEncoder(FRAME_HEAD);
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

const NO_FRAMES = new Uint8Array(0);

function sendBlock(encoder: HpackEncoder, { streamId, endsStream }: BlockTarget, send: Emit): number {
  const { bytes, length } = encoder;
  encoder.clear();
  if (length <= FRAME_HEAD + MIN_MAX_FRAME) {
    const flags = FLAG.endHeaders | (endsStream ? FLAG.endStream : 0);
    writeHead(bytes, { type: FRAME.headers, flags, streamId }, length - FRAME_HEAD);
    send(bytes, 0, length);
    return length;
  }
  const frames = splitHeaders(streamId, bytes.subarray(FRAME_HEAD, length), endsStream);
  send(frames, 0, frames.length);
  return frames.length;
}
