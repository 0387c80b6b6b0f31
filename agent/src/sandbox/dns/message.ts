import { err, ok, type Result } from '../../kernel/result.ts';

/**
 * The part of RFC 1035 that a cluster's DNS needs: one question in, address and alias records out. Written here
 * because it is a page of code, where the libraries carry a resolver and every record type.
 */
export const TYPE = { A: 1, CNAME: 5, AAAA: 28, ANY: 255 } as const;
export const CODE = { ok: 0, formatError: 1, noSuchName: 3, notImplemented: 4 } as const;

export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** Lower case, without the dot at the end. */
  readonly name: string;
  readonly type: number;
  /** As it was sent, to be repeated in the answer. */
  readonly question: Buffer;
}

export type Answer =
  | { readonly type: typeof TYPE.A | typeof TYPE.AAAA; readonly data: Buffer }
  | { readonly type: typeof TYPE.CNAME; readonly data: Buffer };

export interface Reply {
  readonly code: number;
  readonly answers: readonly Answer[];
}

const HEADER = 12;
const MAX_NAME = 255;
const POINTER_TO_QUESTION = 0xc000 | HEADER;
const TTL_SECONDS = 5;
const IN = 1;
const FLAG = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
} as const;
const OPCODE_MASK = 0x7800;

/** Reads a query; the error is the response code for what can't be answered. */
export function readQuery(message: Buffer): Result<Query, number> {
  if (message.length < HEADER) return err(CODE.formatError);
  const flags = message.readUInt16BE(2);
  if ((flags & OPCODE_MASK) !== 0) return err(CODE.notImplemented);
  if ((flags & FLAG.response) !== 0 || message.readUInt16BE(4) !== 1) return err(CODE.formatError);
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = message[at];
    // A pointer has nothing to point at before the first name, and 63 is the longest label.
    if (length === undefined || length > 63 || at - HEADER > MAX_NAME) return err(CODE.formatError);
    at += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > message.length) return err(CODE.formatError);
  return ok({
    id: message.readUInt16BE(0),
    recursionDesired: (flags & FLAG.recursionDesired) !== 0,
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at),
    question: message.subarray(HEADER, at + 4),
  });
}

/** The reply as bytes; over `limit` it is only the question and the flag that says: ask again over TCP. */
export function writeReply(query: Query, reply: Reply, limit: number): Buffer {
  const records = reply.answers.map(record);
  const size = HEADER + query.question.length + records.reduce((sum, one) => sum + one.length, 0);
  const truncated = size > limit;
  const kept = truncated ? [] : records;
  const flags =
    FLAG.response |
    FLAG.authoritative |
    (truncated ? FLAG.truncated : 0) |
    (query.recursionDesired ? FLAG.recursionDesired : 0);
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(query.id, 0);
  header.writeUInt16BE(flags | reply.code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(kept.length, 6);
  return Buffer.concat([header, query.question, ...kept]);
}

/** The reply to what `readQuery` refused; undefined when it is too short to have an id. */
export function writeRefusal(message: Buffer, code: number): Buffer | undefined {
  if (message.length < HEADER) return undefined;
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(message.readUInt16BE(0), 0);
  header.writeUInt16BE(FLAG.response | code, 2);
  return header;
}

export const nameBytes = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .split('.')
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);

function record({ type, data }: Answer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(POINTER_TO_QUESTION, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(IN, 4);
  head.writeUInt32BE(TTL_SECONDS, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
