/** Frame constants and the writing of frames (RFC 9113 §4, §6). */

export const FRAME_HEAD = 9;
/** Every endpoint accepts frames up to this size, whatever it says later (RFC 9113 §4.2). */
export const MIN_MAX_FRAME = 16_384;
export const MAX_MAX_FRAME = 16_777_215;
export const MAX_STREAM_ID = 0x7fffffff;

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { ack: 0x01, endStream: 0x01, endHeaders: 0x04, padded: 0x08, priority: 0x20 } as const;

/** RFC 9113 §7. */
export const ERROR_CODES = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** Why a connection can't go on: the code for GOAWAY and a reason for the operator. */
export interface ConnectionFault {
  readonly code: ErrorCode;
  readonly reason: string;
}

export const PREFACE: Uint8Array = Uint8Array.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', (char) =>
  char.charCodeAt(0),
);

/** A big-endian 32-bit number, unsigned. */
export function uint32(bytes: Uint8Array, pos: number): number {
  return (
    (((bytes[pos] as number) << 24) |
      ((bytes[pos + 1] as number) << 16) |
      ((bytes[pos + 2] as number) << 8) |
      (bytes[pos + 3] as number)) >>>
    0
  );
}

/** A stream id or window increment: the topmost bit is reserved and ignored (RFC 9113 §4.1). */
export const uint31 = (bytes: Uint8Array, pos: number): number => uint32(bytes, pos) & MAX_STREAM_ID;

export function writeUint32(out: Uint8Array, pos: number, value: number): void {
  out[pos] = value >>> 24;
  out[pos + 1] = value >>> 16;
  out[pos + 2] = value >>> 8;
  out[pos + 3] = value;
}

export interface FrameFields {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

/** One whole frame in fresh memory. */
export function frame(fields: FrameFields, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(FRAME_HEAD + payload.length);
  out.set(payload, FRAME_HEAD);
  writeHead(out, fields, payload.length);
  return out;
}

/** Writes a head into the first bytes of `out`, before a payload of `length` bytes. */
export function writeHead(out: Uint8Array, { type, flags, streamId }: FrameFields, length: number): void {
  out[0] = length >>> 16;
  out[1] = length >>> 8;
  out[2] = length;
  out[3] = type;
  out[4] = flags;
  writeUint32(out, 5, streamId);
}

/** A frame whose payload is 32-bit numbers. Typed arrays are dear to make, so it is made in one. */
function wordsFrame(type: number, streamId: number, ...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(FRAME_HEAD + values.length * 4);
  writeHead(out, { type, flags: 0, streamId }, values.length * 4);
  values.forEach((value, at) => {
    writeUint32(out, FRAME_HEAD + at * 4, value);
  });
  return out;
}

export const rstStream = (streamId: number, code: ErrorCode): Uint8Array =>
  wordsFrame(FRAME.rstStream, streamId, ERROR_CODES[code]);

export const windowUpdate = (streamId: number, increment: number): Uint8Array =>
  wordsFrame(FRAME.windowUpdate, streamId, increment);

export const goaway = (lastStreamId: number, code: ErrorCode): Uint8Array =>
  goawayWith(lastStreamId, ERROR_CODES[code]);

/** With an error code that may be none of those we know. */
export const goawayWith = (lastStreamId: number, code: number): Uint8Array =>
  wordsFrame(FRAME.goaway, 0, lastStreamId, code);

export const ping = (payload: Uint8Array): Uint8Array =>
  frame({ type: FRAME.ping, flags: 0, streamId: 0 }, payload);

/** DATA that ends its stream. */
export const lastData = (streamId: number, payload: Uint8Array): Uint8Array =>
  frame({ type: FRAME.data, flags: FLAG.endStream, streamId }, payload);

const NO_PAYLOAD = new Uint8Array(0);

export const settingsFrame = (payload: Uint8Array = NO_PAYLOAD, flags = 0): Uint8Array =>
  frame({ type: FRAME.settings, flags, streamId: 0 }, payload);

/** A header block too large for one frame, as HEADERS and CONTINUATION frames in one piece of memory. */
export function splitHeaders(streamId: number, block: Uint8Array, endStream: boolean): Uint8Array {
  const count = Math.ceil(block.length / MIN_MAX_FRAME);
  const parts = Array.from({ length: count }, (_, at) => {
    const payload = block.subarray(at * MIN_MAX_FRAME, (at + 1) * MIN_MAX_FRAME);
    const type = at === 0 ? FRAME.headers : FRAME.continuation;
    const endFlag = at === 0 && endStream ? FLAG.endStream : 0;
    const flags = endFlag | (at === count - 1 ? FLAG.endHeaders : 0);
    return frame({ type, flags, streamId }, payload);
  });
  return joined(parts);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let pos = 0;
  for (const part of parts) {
    out.set(part, pos);
    pos += part.length;
  }
  return out;
}
