import { CR, FIELD_VALUE, LF, SP } from './chars.ts';
import { faultCode, NEED_MORE } from './fault.ts';
import { type Fields, newSpots } from './fields.ts';
import { KeptFields } from './kept-fields.ts';

/** A response head as flags; one object serves a whole connection. */
export class ResponseHead implements Fields {
  status = 0;
  minor = 1;
  contentLength = -1;
  /** Some servers do. A request is held to the letter: there a lenient reading is how one gets past a policy. */
  readonly mayRepeatLength = true;
  lengthRepeated = false;
  chunked = false;
  close = false;
  keepAlive = false;
  upgrade = false;
  disowning = false;
  expectContinue = false;
  hostStart = 0;
  hostEnd = 0;
  upgradeToStart = 0;
  upgradeToEnd = 0;
  h2SettingsStart = 0;
  h2SettingsEnd = 0;
  showing = false;
  shown = 0;
  readonly spots = newSpots();
  readonly kept = new KeptFields();
}

/** `HTTP/1.x NNN` is 12 bytes. */
const STATUS_END = 12;
const VERSION = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e];

/** Reads one response head (RFC 9112 §4). Returns the offset after the head, `NEED_MORE`, or a fault code. */
export function readResponseHead(bytes: Uint8Array, start: number, end: number, head: ResponseHead): number {
  const fieldsStart = readStatusLine(bytes, start, end, head);
  if (fieldsStart < 0) {
    head.kept.forget(head);
    return fieldsStart;
  }
  const headEnd = head.kept.read(bytes, fieldsStart, end, head);
  if (headEnd < 0) return headEnd;
  return head.chunked && head.minor === 0 ? faultCode('encoding_in_http10') : headEnd;
}

function readStatusLine(bytes: Uint8Array, start: number, end: number, head: ResponseHead): number {
  for (let i = 0; i < VERSION.length; i++) {
    if (start + i >= end) return NEED_MORE;
    if (bytes[start + i] !== VERSION[i]) return faultCode('bad_status');
  }
  if (start + STATUS_END >= end) return NEED_MORE;
  head.minor = (bytes[start + 7] as number) - 0x30;
  head.status = threeDigits(bytes, start + 9);
  if ((head.minor !== 0 && head.minor !== 1) || bytes[start + 8] !== SP || head.status < 100)
    return faultCode('bad_status');
  return readReason(bytes, start + STATUS_END, end);
}

function threeDigits(bytes: Uint8Array, start: number): number {
  let number = 0;
  for (let pos = start; pos < start + 3; pos++) {
    const digit = (bytes[pos] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** The reason phrase may be empty, and with it some servers drop the space before it. */
function readReason(bytes: Uint8Array, start: number, end: number): number {
  let pos = start;
  if (bytes[pos] !== SP && bytes[pos] !== CR) return faultCode('bad_status');
  while (pos < end && FIELD_VALUE[bytes[pos] as number] === 1) pos++;
  if (pos + 1 >= end) return NEED_MORE;
  if (bytes[pos] !== CR) return faultCode(bytes[pos] === LF ? 'bare_lf' : 'bad_status');
  return bytes[pos + 1] === LF ? pos + 2 : faultCode('bare_cr');
}
