import { FLAG, FRAME, FRAME_HEAD, type FrameFields, frame, uint31 } from '../../src/h2/frame.ts';

/** Bytes from hexadecimal text, which may hold spaces. */
export const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** A frame as a test reads it. */
export interface SeenFrame extends FrameFields {
  readonly payload: Uint8Array;
}

/** Where the last whole frame ends. */
export function endOfFrames(bytes: Uint8Array): number {
  let pos = 0;
  while (bytes.length - pos >= FRAME_HEAD) {
    const end = pos + FRAME_HEAD + ((uint31(bytes, pos) >>> 8) & 0xffffff);
    if (end > bytes.length) break;
    pos = end;
  }
  return pos;
}

/** Splits bytes that hold whole frames and nothing else; throws when they don't. */
export function framesOf(bytes: Uint8Array): SeenFrame[] {
  const frames: SeenFrame[] = [];
  for (let pos = 0; pos < bytes.length; ) {
    const length = (uint31(bytes, pos) >>> 8) & 0xffffff;
    const end = pos + FRAME_HEAD + length;
    if (bytes.length - pos < FRAME_HEAD || end > bytes.length)
      throw new Error('the bytes end inside a frame');
    frames.push({
      type: bytes[pos + 3] ?? 0,
      flags: bytes[pos + 4] ?? 0,
      streamId: uint31(bytes, pos + 5),
      payload: bytes.slice(pos + FRAME_HEAD, end),
    });
    pos = end;
  }
  return frames;
}

/** A header block as HEADERS and CONTINUATION frames of at most `size` bytes, with padding and priority if wished. */
export function headerRun(
  streamId: number,
  block: Uint8Array,
  { size = 16_384, flags = 0, padding = 0 } = {},
): Uint8Array[] {
  const cuts = [block.subarray(0, size)];
  for (let pos = size; pos < block.length; pos += size) cuts.push(block.subarray(pos, pos + size));
  return cuts.map((cut, at) => {
    const last = at === cuts.length - 1 ? FLAG.endHeaders : 0;
    if (at > 0) return frame({ type: FRAME.continuation, flags: last, streamId }, cut);
    const before = [...(padding > 0 ? [padding] : []), ...(flags & FLAG.priority ? [0, 0, 0, 3, 15] : [])];
    const payload = Uint8Array.from([...before, ...cut, ...new Uint8Array(padding)]);
    const padded = padding > 0 ? FLAG.padded : 0;
    return frame({ type: FRAME.headers, flags: flags | last | padded, streamId }, payload);
  });
}

/** The input in pieces that end at the given offsets. */
export function piecesOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  return [...ends, bytes.length].map((end) => {
    const piece = bytes.subarray(from, end);
    from = end;
    return piece;
  });
}
