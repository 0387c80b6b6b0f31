import { align, attributesOf } from './attributes.ts';
import { MESSAGE_HEADER } from './batch.ts';

/** Reads what netfilter answers. */

const ERROR = 2;
const NLMSG_HEADER = 16;
const SUBSYSTEM = 10 << 8;
const NEW_CHAIN = SUBSYSTEM | 3;
const NEW_RULE = SUBSYSTEM | 6;
const NEW_GENERATION = SUBSYSTEM | 15;
const NEW_OBJECT = SUBSYSTEM | 18;

interface Message {
  readonly type: number;
  readonly sequence: number;
  readonly body: Buffer;
}

function* messagesOf(answers: Buffer): Generator<Message> {
  for (let at = 0; at + NLMSG_HEADER <= answers.length; ) {
    const length = answers.readUInt32LE(at);
    if (length < NLMSG_HEADER) return;
    yield {
      type: answers.readUInt16LE(at + 4),
      sequence: answers.readUInt32LE(at + 8),
      body: answers.subarray(at + NLMSG_HEADER, at + length),
    };
    at += align(length);
  }
}

/** How a transaction ended: done, or the first command that failed (0: the batch itself) and `-errno`. */
export type Outcome =
  | { readonly done: true }
  | { readonly done: false; readonly command: number; readonly errno: number };

export function outcomeOf(answers: Buffer): Outcome {
  let acknowledged = false;
  for (const { type, sequence, body } of messagesOf(answers)) {
    if (type !== ERROR) continue;
    const errno = body.readInt32LE(0);
    if (errno !== 0) return { done: false, command: sequence, errno };
    acknowledged = true;
  }
  // Not even a refusal: netfilter has no nf_tables to pass the batch to.
  return acknowledged ? { done: true } : { done: false, command: 0, errno: NOT_SUPPORTED };
}

const NOT_SUPPORTED = -95;

/** Null when the kernel does not tell. */
export function generationIn(answers: Buffer): number | null {
  for (const { type, body } of messagesOf(answers)) {
    if (type === NEW_GENERATION) return attributeOf(body, 1)?.readUInt32BE(0) ?? null;
  }
  return null;
}

/** Packets by the name of their counter. */
export function countersIn(answers: Buffer): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  for (const { type, body } of messagesOf(answers)) {
    const name = attributeOf(body, 2);
    const data = attributeOf(body, 4);
    if (type !== NEW_OBJECT || name === null || data === null) continue;
    for (const [kind, value] of attributesOf(data)) {
      if (kind === 2) counters.set(textOf(name), Number(value.readBigUInt64BE(0)));
    }
  }
  return counters;
}

/**
 * What the kernel holds of a table's chains and rules, as one text that is another one after any change. Counters
 * and elements are apart from the rules, so what packets and time do is not in it.
 */
export function fingerprintIn(answers: Buffer, table: string): string {
  const parts: string[] = [];
  for (const { type, body } of messagesOf(answers)) {
    if (type !== NEW_CHAIN && type !== NEW_RULE) continue;
    const name = attributeOf(body, 1);
    // The header holds a part of the generation number.
    if (name !== null && textOf(name) === table) parts.push(body.toString('latin1', HEADER_REST));
  }
  return parts.join('\n');
}

/** struct nfgenmsg before the attributes. */
const HEADER_REST = MESSAGE_HEADER - NLMSG_HEADER;

function attributeOf(body: Buffer, wanted: number): Buffer | null {
  for (const [type, value] of attributesOf(body.subarray(HEADER_REST))) if (type === wanted) return value;
  return null;
}

const textOf = (value: Buffer): string => value.toString('latin1', 0, Math.max(0, value.indexOf(0)));
