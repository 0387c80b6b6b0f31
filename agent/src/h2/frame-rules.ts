import { type ConnectionFault, FLAG, FRAME, FRAME_HEAD } from './frame.ts';

interface FrameLike {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly length: number;
}

interface Range {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

const PRIORITY_BYTES = 5;
const SETTING_BYTES = 6;

/** The one payload length of these types (RFC 9113 §6). */
const FIXED_LENGTH = new Map<number, number>([
  [FRAME.priority, PRIORITY_BYTES],
  [FRAME.rstStream, 4],
  [FRAME.ping, 8],
  [FRAME.windowUpdate, 4],
]);
const GOAWAY_MIN_BYTES = 8;

/** Types that speak about the connection, and types that speak about one stream; WINDOW_UPDATE is both. */
const CONNECTION_TYPES: ReadonlySet<number> = new Set([FRAME.settings, FRAME.ping, FRAME.goaway]);
const STREAM_TYPES: ReadonlySet<number> = new Set([FRAME.priority, FRAME.rstStream, FRAME.pushPromise]);

/** What is wrong with the head of a frame other than DATA and HEADERS, before its payload is there. */
export function controlFault(frame: FrameLike, maxBytes: number): ConnectionFault | null {
  if (frame.type === FRAME.continuation) return protocol('CONTINUATION without HEADERS');
  if (CONNECTION_TYPES.has(frame.type) && frame.streamId !== 0)
    return protocol('a frame about the connection names a stream');
  if (STREAM_TYPES.has(frame.type) && frame.streamId === 0)
    return protocol('a frame about a stream names none');
  if (!hasValidLength(frame)) return { code: 'FRAME_SIZE_ERROR', reason: 'a frame has an impossible length' };
  if (frame.length > maxBytes)
    return { code: 'ENHANCE_YOUR_CALM', reason: 'a control frame is larger than the limit' };
  return null;
}

function hasValidLength({ type, flags, length }: FrameLike): boolean {
  const fixed = FIXED_LENGTH.get(type);
  if (fixed !== undefined) return length === fixed;
  if (type === FRAME.goaway) return length >= GOAWAY_MIN_BYTES;
  if (type !== FRAME.settings) return true;
  return (flags & FLAG.ack) !== 0 ? length === 0 : length % SETTING_BYTES === 0;
}

/** Padding with its length byte of a padded frame at `pos`; -1 when it can't be (RFC 9113 §6.1). */
export function readPadding(bytes: Uint8Array, pos: number, length: number): number {
  if (length === 0) return -1;
  const padding = (bytes[pos + FRAME_HEAD] as number) + 1;
  return padding > length ? -1 : padding;
}

/** Points `frame` at the header block of a whole HEADERS/CONTINUATION run, copying only a block in several frames. */
export function stripHeaders(
  frame: FrameLike & { bytes: Uint8Array; start: number; end: number },
  run: Range,
): ConnectionFault | null {
  const { bytes, start } = run;
  const padded = (frame.flags & FLAG.padded) !== 0;
  const padding = padded ? readPadding(bytes, start, frame.length) : 0;
  const extra = (padded ? 1 : 0) + ((frame.flags & FLAG.priority) !== 0 ? PRIORITY_BYTES : 0);
  const first = start + FRAME_HEAD + extra;
  const firstEnd = start + FRAME_HEAD + frame.length - (padded ? padding - 1 : 0);
  if (padding < 0 || first > firstEnd) return protocol('the padding is not smaller than its frame');
  frame.bytes = bytes;
  frame.start = first;
  frame.end = firstEnd;
  const next = start + FRAME_HEAD + frame.length;
  if (next < run.end) joinFragments(frame, { bytes, start: next, end: run.end });
  return null;
}

function joinFragments(frame: { bytes: Uint8Array; start: number; end: number }, rest: Range): void {
  const block = new Uint8Array(frame.end - frame.start + rest.end - rest.start);
  block.set(rest.bytes.subarray(frame.start, frame.end));
  let length = frame.end - frame.start;
  for (let pos = rest.start; pos < rest.end; ) {
    const size =
      ((rest.bytes[pos] as number) << 16) |
      ((rest.bytes[pos + 1] as number) << 8) |
      (rest.bytes[pos + 2] as number);
    block.set(rest.bytes.subarray(pos + FRAME_HEAD, pos + FRAME_HEAD + size), length);
    length += size;
    pos += FRAME_HEAD + size;
  }
  frame.bytes = block;
  frame.start = 0;
  frame.end = length;
}

const protocol = (reason: string): ConnectionFault => ({ code: 'PROTOCOL_ERROR', reason });
