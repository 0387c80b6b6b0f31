import { err, ok, type Result } from '../../../kernel/result.ts';
import { type Fields, type FieldType, MESSAGES } from './protobuf-messages.ts';

/** Before the envelope of every Kubernetes protocol buffer body. */
const MAGIC = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

const ENVELOPE = { typeMeta: 1, raw: 2 } as const;
const TYPE_META = { apiVersion: 1, kind: 2 } as const;
const MAP_ENTRY = { key: 1, value: 2 } as const;
const INT_OR_STRING = { type: 1, number: 2, text: 3 } as const;

/** Deeper than any message of the table; a body that nests further is not one of them. */
const MAX_DEPTH = 16;

interface WireField {
  readonly number: number;
  /** The bytes of a length-delimited field, the value of a varint. */
  readonly value: Uint8Array | number;
}

type Decoded = Result<Readonly<Record<string, unknown>>, string>;

/**
 * Decodes a body of `application/vnd.kubernetes.protobuf`, which newer kubectl uses for its `create`
 * subcommands. Knows the kinds of the table; what it can't keep it refuses rather than loses.
 */
export function decodeProtobufBody(body: Uint8Array): Decoded {
  if (!MAGIC.every((byte, i) => body[i] === byte)) return err('no Kubernetes protocol buffer message');
  const envelope = readFields(body.subarray(MAGIC.length));
  const typeMeta = readFields(bytesOf(envelope, ENVELOPE.typeMeta));
  if (envelope === undefined || typeMeta === undefined) return err('a truncated protocol buffer message');
  const kind = textOf(typeMeta, TYPE_META.kind);
  const message = decodeMessage(kind, bytesOf(envelope, ENVELOPE.raw), 0);
  if (!message.ok) return message;
  return ok({ apiVersion: textOf(typeMeta, TYPE_META.apiVersion), kind, ...message.value });
}

function decodeMessage(name: string, bytes: Uint8Array, depth: number): Decoded {
  const known = MESSAGES.get(name);
  const fields = readFields(bytes);
  if (known === undefined) return err(`no protocol buffer support for ${name}; apply it from a file instead`);
  if (fields === undefined || depth > MAX_DEPTH) return err(`a broken ${name}`);
  const object: Record<string, unknown> = {};
  for (const field of fields) {
    const problem = decodeField(object, { name, known, field, depth });
    if (problem !== undefined) return err(problem);
  }
  return ok(object);
}

interface FieldContext {
  readonly name: string;
  readonly known: Fields;
  readonly field: WireField;
  readonly depth: number;
}

/** Adds the field to `object`; returns what is wrong with it. */
function decodeField(
  object: Record<string, unknown>,
  { name, known, field, depth }: FieldContext,
): string | undefined {
  const definition = known[field.number];
  if (definition === undefined) {
    if (isEmpty(field.value, 0)) return undefined;
    return `field ${field.number} of ${name} is not supported in a protocol buffer; apply it from a file instead`;
  }
  const [key, type] = definition;
  const repeated = type.endsWith('[]');
  const value = decodeValue(repeated ? type.slice(0, -2) : type, field.value, depth);
  if (!value.ok) return value.error;
  if (value.value === undefined) return undefined;
  const present = object[key];
  if (repeated) object[key] = [...(Array.isArray(present) ? present : []), value.value];
  else if (type.startsWith('map:'))
    object[key] = { ...(present as object | undefined), ...(value.value as object) };
  else object[key] = value.value;
  return undefined;
}

/** Undefined for what Go writes though it isn't set: empty strings, zeroes and messages with nothing in them. */
function decodeValue(type: FieldType, value: Uint8Array | number, depth: number): Result<unknown, string> {
  if (type === 'skip') return ok(undefined);
  if (typeof value === 'number') {
    if (type === 'bool') return ok(value !== 0);
    return ok(value === 0 && type !== 'int?' ? undefined : value);
  }
  if (type === 'string') return ok(value.length === 0 ? undefined : text(value));
  if (type === 'bytes') return ok(Buffer.from(value).toString('base64'));
  if (type === 'map:string' || type === 'map:bytes') return ok(mapEntry(value, type === 'map:bytes'));
  if (type === 'IntOrString') return ok(intOrString(value));
  const message = decodeMessage(type, value, depth + 1);
  return message.ok && Object.keys(message.value).length === 0 ? ok(undefined) : message;
}

function mapEntry(bytes: Uint8Array, binary: boolean): Readonly<Record<string, string>> {
  const fields = readFields(bytes);
  const value = bytesOf(fields, MAP_ENTRY.value);
  return { [textOf(fields, MAP_ENTRY.key)]: binary ? Buffer.from(value).toString('base64') : text(value) };
}

function intOrString(bytes: Uint8Array): number | string | undefined {
  const fields = readFields(bytes) ?? [];
  const number = (wanted: number) => fields.find((field) => field.number === wanted)?.value;
  if (number(INT_OR_STRING.type) === 1) return textOf(fields, INT_OR_STRING.text);
  const int = number(INT_OR_STRING.number);
  return typeof int === 'number' && int !== 0 ? int : undefined;
}

/** Nothing set at any depth. */
function isEmpty(value: Uint8Array | number, depth: number): boolean {
  if (typeof value === 'number') return value === 0;
  if (value.length === 0) return true;
  const fields = depth > MAX_DEPTH ? undefined : readFields(value);
  return fields?.every((field) => isEmpty(field.value, depth + 1)) ?? false;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

function bytesOf(fields: readonly WireField[] | undefined, number: number): Uint8Array {
  const value = fields?.find((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? value : new Uint8Array();
}

const textOf = (fields: readonly WireField[] | undefined, number: number): string =>
  text(bytesOf(fields, number));

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Undefined for bytes that are no message of varints and length-delimited fields. */
function readFields(bytes: Uint8Array): readonly WireField[] | undefined {
  const fields: WireField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    const head = tag === undefined ? undefined : readVarint(bytes, tag.next);
    if (tag === undefined || head === undefined) return undefined;
    const wireType = tag.value % 8;
    const number = Math.floor(tag.value / 8);
    if (number === 0 || (wireType !== VARINT && wireType !== LENGTH_DELIMITED)) return undefined;
    const end = wireType === VARINT ? head.next : head.next + head.value;
    if (end > bytes.length) return undefined;
    fields.push({ number, value: wireType === VARINT ? head.value : bytes.subarray(head.next, end) });
    at = end;
  }
  return fields;
}

/** Numbers here are small: lengths, ports and counts; one beyond 2^53 comes out rounded. */
function readVarint(
  bytes: Uint8Array,
  start: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return undefined;
    value += (byte % 0x80) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: start + i + 1 };
  }
  return undefined;
}
