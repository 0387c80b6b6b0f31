import { asciiLike, utf8 } from '../kernel/bytes.ts';
import { COLON, CR, FIELD_VALUE, HTAB, LF, SP, TOKEN } from './chars.ts';
import { faultCode, NEED_MORE } from './fault.ts';

/** Fields that frame nothing and are only shown to guards, each with its place in `Fields.spots`. */
export const SHOWN = {
  authorization: 0,
  cookie: 1,
  'x-api-key': 2,
  'content-type': 3,
  'content-encoding': 4,
  location: 5,
  deprecation: 6,
  sunset: 7,
  traceparent: 8,
} as const;
export type Shown = (typeof SHOWN)[keyof typeof SHOWN];

/** Room for `Fields.spots`. */
export const newSpots = (): number[] => new Array<number>(2 * Object.keys(SHOWN).length).fill(0);

/**
 * The few header fields that decide framing and connection reuse, gathered in one pass. Everything else is
 * relayed unread. Offsets point into the parsed bytes and are 0 when absent.
 */
export interface Fields {
  /** -1 when absent. */
  contentLength: number;
  /** Content-Length may be given again, where it says the same. */
  readonly mayRepeatLength: boolean;
  /** It was. */
  lengthRepeated: boolean;
  chunked: boolean;
  close: boolean;
  keepAlive: boolean;
  /** `Connection: upgrade` was given. */
  upgrade: boolean;
  /** Connection names a field that frames or routes the message. */
  disowning: boolean;
  expectContinue: boolean;
  hostStart: number;
  hostEnd: number;
  upgradeToStart: number;
  upgradeToEnd: number;
  h2SettingsStart: number;
  h2SettingsEnd: number;
  /** Somebody may want to see the fields of `SHOWN`: else they are not looked for. */
  showing: boolean;
  /** A bit for each of them that is there. */
  shown: number;
  /** Start and end of each of them; of no meaning where its bit is not set. */
  readonly spots: number[];
}

export function clearFields(fields: Fields): void {
  fields.contentLength = -1;
  fields.lengthRepeated = false;
  fields.chunked = false;
  fields.close = false;
  fields.keepAlive = false;
  fields.upgrade = false;
  fields.disowning = false;
  fields.expectContinue = false;
  fields.hostStart = 0;
  fields.hostEnd = 0;
  fields.upgradeToStart = 0;
  fields.upgradeToEnd = 0;
  fields.h2SettingsStart = 0;
  fields.h2SettingsEnd = 0;
  fields.shown = 0;
}

/** The value of a field that guards are shown; empty when it is absent. `likely`: a guess that saves cutting it out. */
export function shownText(bytes: Uint8Array, fields: Fields, field: Shown, likely = ''): string {
  if ((fields.shown & (1 << field)) === 0) return '';
  const start = fields.spots[2 * field] as number;
  const end = fields.spots[2 * field + 1] as number;
  return asciiLike(bytes, start, end, likely);
}

const BARE_CR = faultCode('bare_cr');
const BARE_LF = faultCode('bare_lf');
const OBS_FOLD = faultCode('obs_fold');
const BAD_NAME = faultCode('bad_field_name');
const BAD_VALUE = faultCode('bad_field_value');

/** Longest decimal that is certainly a safe integer: a petabyte less one. */
const MAX_LENGTH_DIGITS = 15;

/**
 * Reads field lines up to and including the empty line (RFC 9112 §5), strictly: what two parsers might read
 * differently is a fault. Returns the offset after the empty line, `NEED_MORE`, or a fault code.
 */
export function readFields(bytes: Uint8Array, start: number, end: number, fields: Fields): number {
  let pos = start;
  for (;;) {
    if (pos >= end) return NEED_MORE;
    if (bytes[pos] === CR) return endOfFields(bytes, pos, end);
    const next = readField(bytes, pos, end, fields);
    if (next < 0) return next;
    pos = next;
  }
}

function endOfFields(bytes: Uint8Array, pos: number, end: number): number {
  if (pos + 1 >= end) return NEED_MORE;
  return bytes[pos + 1] === LF ? pos + 2 : BARE_CR;
}

function readField(bytes: Uint8Array, start: number, end: number, fields: Fields): number {
  let pos = start;
  while (pos < end && TOKEN[bytes[pos] as number] === 1) pos++;
  if (pos >= end) return NEED_MORE;
  if (bytes[pos] !== COLON || pos === start) return nameFault(bytes, start, pos);
  const nameEnd = pos++;
  while (pos < end && (bytes[pos] === SP || bytes[pos] === HTAB)) pos++;
  const valueStart = pos;
  while (pos < end && FIELD_VALUE[bytes[pos] as number] === 1) pos++;
  if (pos + 1 >= end) return NEED_MORE;
  if (bytes[pos] !== CR) return bytes[pos] === LF ? BARE_LF : BAD_VALUE;
  if (bytes[pos + 1] !== LF) return BARE_CR;
  const fault = noteField(bytes, start, nameEnd, valueStart, trimEnd(bytes, valueStart, pos), fields);
  return fault === 0 ? pos + 2 : fault;
}

function nameFault(bytes: Uint8Array, start: number, pos: number): number {
  const byte = bytes[pos];
  if (pos === start && (byte === SP || byte === HTAB)) return OBS_FOLD;
  if (byte === LF) return BARE_LF;
  return BAD_NAME;
}

function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let pos = end;
  while (pos > start && (bytes[pos - 1] === SP || bytes[pos - 1] === HTAB)) pos--;
  return pos;
}

/** Notes a field that matters; the name's length sorts out nearly all that don't. Returns 0 or a fault code. */
function noteField(
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  start: number,
  end: number,
  fields: Fields,
): number {
  switch (nameEnd - nameStart) {
    case 4:
      return equalsIgnoringCase(bytes, nameStart, nameEnd, 'host') ? noteHost(start, end, fields) : 0;
    case 6:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, 'expect'))
        fields.expectContinue = equalsIgnoringCase(bytes, start, end, '100-continue');
      else if (fields.showing) noteShown(bytes, nameStart, nameEnd, start, end, fields);
      return 0;
    case 7:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, 'upgrade')) noteUpgrade(start, end, fields);
      return 0;
    case 10:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, 'connection'))
        noteConnection(bytes, start, end, fields);
      return 0;
    case 14:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, 'content-length'))
        return tabbed(bytes, nameEnd, start, end)
          ? faultCode('bad_content_length')
          : noteLength(bytes, start, end, fields);
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, 'http2-settings')) noteH2Settings(start, end, fields);
      return 0;
    case 17:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, 'transfer-encoding'))
        return tabbed(bytes, nameEnd, start, end)
          ? faultCode('bad_transfer_encoding')
          : noteEncoding(bytes, start, end, fields);
      return 0;
    default:
      if (fields.showing) noteShown(bytes, nameStart, nameEnd, start, end, fields);
      return 0;
  }
}

/**
 * Whether a tab stands before or behind a value. RFC 9112 §5.1 lets both be stripped, but llhttp strips none behind
 * `chunked`, and nginx none before a value: they would frame the message differently.
 */
function tabbed(bytes: Uint8Array, nameEnd: number, start: number, end: number): boolean {
  for (let pos = nameEnd + 1; pos < start; pos++) if (bytes[pos] === HTAB) return true;
  for (let pos = end; bytes[pos] !== CR; pos++) if (bytes[pos] === HTAB) return true;
  return false;
}

/** The fields of `SHOWN` by the length of their names: nearly every other field is sorted out by one look. */
const SHOWN_BY_LENGTH: readonly (readonly { readonly name: Uint8Array; readonly field: Shown }[])[] =
  Array.from({ length: 17 }, (_, length) =>
    Object.entries(SHOWN)
      .filter(([name]) => name.length === length)
      .map(([name, field]) => ({ name: utf8(name), field })),
  );

/** Given more than once, a field is shown as it came first: so do nearly all servers read it. */
function noteShown(
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  start: number,
  end: number,
  fields: Fields,
): void {
  const candidates = SHOWN_BY_LENGTH[nameEnd - nameStart];
  if (candidates === undefined) return;
  for (let i = 0; i < candidates.length; i++) {
    const { name, field } = candidates[i] as (typeof candidates)[number];
    if (!startsWithName(bytes, nameStart, name)) continue;
    if ((fields.shown & (1 << field)) !== 0) return;
    fields.shown |= 1 << field;
    fields.spots[2 * field] = start;
    fields.spots[2 * field + 1] = end;
    return;
  }
}

/** As `equalsIgnoringCase`, with a lower-case name in bytes. */
function startsWithName(bytes: Uint8Array, start: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) if (((bytes[start + i] as number) | 0x20) !== lower[i]) return false;
  return true;
}

function noteHost(start: number, end: number, fields: Fields): number {
  if (fields.hostStart !== 0) return faultCode('repeated_host');
  fields.hostStart = start;
  fields.hostEnd = end;
  return 0;
}

function noteLength(bytes: Uint8Array, start: number, end: number, fields: Fields): number {
  const before = fields.contentLength;
  if (before >= 0 && !fields.mayRepeatLength) return faultCode('repeated_content_length');
  if (fields.chunked) return faultCode('length_and_encoding');
  if (end === start || end - start > MAX_LENGTH_DIGITS) return faultCode('bad_content_length');
  let length = 0;
  for (let pos = start; pos < end; pos++) {
    const digit = (bytes[pos] as number) - 0x30;
    if (digit < 0 || digit > 9) return faultCode('bad_content_length');
    length = length * 10 + digit;
  }
  if (before >= 0 && length !== before) return faultCode('repeated_content_length');
  fields.lengthRepeated = before >= 0;
  fields.contentLength = length;
  return 0;
}

function noteEncoding(bytes: Uint8Array, start: number, end: number, fields: Fields): number {
  if (fields.contentLength >= 0) return faultCode('length_and_encoding');
  if (fields.chunked || !equalsIgnoringCase(bytes, start, end, 'chunked'))
    return faultCode('bad_transfer_encoding');
  fields.chunked = true;
  return 0;
}

/** Given more than once, it is noted as empty: no protocol that we know. */
function noteUpgrade(start: number, end: number, fields: Fields): void {
  fields.upgradeToEnd = fields.upgradeToStart === 0 ? end : start;
  fields.upgradeToStart = start;
}

/** As with Upgrade: RFC 7540 §3.2.1 forbids an upgrade when there is more than one. */
function noteH2Settings(start: number, end: number, fields: Fields): void {
  fields.h2SettingsEnd = fields.h2SettingsStart === 0 ? end : start;
  fields.h2SettingsStart = start;
}

/** Connection is a list of tokens (RFC 9110 §7.6.1) and may come in several fields. */
function noteConnection(bytes: Uint8Array, start: number, end: number, fields: Fields): void {
  let pos = start;
  while (pos < end) {
    const tokenStart = pos;
    while (pos < end && TOKEN[bytes[pos] as number] === 1) pos++;
    if (equalsIgnoringCase(bytes, tokenStart, pos, 'close')) fields.close = true;
    else if (equalsIgnoringCase(bytes, tokenStart, pos, 'keep-alive')) fields.keepAlive = true;
    else if (equalsIgnoringCase(bytes, tokenStart, pos, 'upgrade')) fields.upgrade = true;
    else if (isFraming(bytes, tokenStart, pos)) fields.disowning = true;
    if (pos === tokenStart) pos++;
  }
}

const FRAMING = ['content-length', 'transfer-encoding', 'host'];

function isFraming(bytes: Uint8Array, start: number, end: number): boolean {
  for (const name of FRAMING) if (equalsIgnoringCase(bytes, start, end, name)) return true;
  return false;
}

/** Compares a range with a lower-case ASCII text; `| 0x20` folds letters and leaves digits and `-` alone. */
export function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++)
    if (((bytes[start + i] as number) | 0x20) !== lower.charCodeAt(i)) return false;
  return true;
}
