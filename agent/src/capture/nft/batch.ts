import { align, attribute, be32, be64, nested, text } from './attributes.ts';
import type { Expression } from './expressions.ts';

/** nf_tables commands and how many of them become one transaction. */
export interface Command {
  /** For the error message. */
  readonly what: string;
  readonly bytes: Buffer;
}

/** `ip` and `ip6` are those of iptables, which are only looked at. */
export type NftFamily = 'inet' | 'ip' | 'ip6' | 'netdev';

export interface TableName {
  readonly family: NftFamily;
  readonly table: string;
}

const FAMILIES = { inet: 1, ip: 2, netdev: 5, ip6: 10 } as const;
const SUBSYSTEM = 10 << 8;
const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;
const TYPES = {
  newTable: 0,
  deleteTable: 2,
  newChain: 3,
  getChain: 4,
  newRule: 6,
  getRule: 7,
  newSet: 9,
  newElement: 12,
  deleteElement: 14,
  getGeneration: 16,
  newObject: 18,
  getObject: 19,
} as const;

const REQUEST = 0x1;
const ACK = 0x4;
const DUMP = 0x300;
const CREATE = 0x400;
const APPEND = 0x800;
/** struct nlmsghdr (16) and struct nfgenmsg (4). */
export const MESSAGE_HEADER = 20;
/** Where the batch begins with a generation, its number is the last thing in the first message. */
const GENERATION_AT = MESSAGE_HEADER + 4;

/** Everything or nothing. The last command is acknowledged, so that silence never passes for success. */
export function transaction(commands: readonly Command[]): Buffer {
  const begin = control(BATCH_BEGIN, be32(1, 0));
  const end = control(BATCH_END);
  const bytes = Buffer.concat([begin, ...commands.map((command) => command.bytes), end]);
  // Sequence numbers tell which command an error is about: the first one is 1.
  let sequence = 0;
  for (let at = 0; at < bytes.length; at += align(bytes.readUInt32LE(at))) {
    bytes.writeUInt32LE(sequence, at + 8);
    if (sequence === commands.length) bytes.writeUInt16LE(bytes.readUInt16LE(at + 6) | ACK, at + 6);
    sequence++;
  }
  return bytes;
}

/** Has the transaction done only while nobody has changed anything since that generation; 0 for in any case. */
export const onlyAt = (batch: Buffer, generation: number): void => {
  batch.writeUInt32BE(generation, GENERATION_AT);
};

export const generationRequest = (): Buffer => message(TYPES.getGeneration, REQUEST, 'inet');

/** All chains of the family; the kernel does not filter them. */
export const chainsRequest = ({ family }: TableName): Buffer =>
  message(TYPES.getChain, REQUEST | DUMP, family);
export const rulesRequest = ({ family, table }: TableName): Buffer =>
  message(TYPES.getRule, REQUEST | DUMP, family, text(1, table));
export const countersRequest = ({ family, table }: TableName): Buffer =>
  message(TYPES.getObject, REQUEST | DUMP, family, text(1, table), be32(3, COUNTER));

// === commands ===

const COUNTER = 1;

/** Whatever there was under this name goes, in the same transaction that makes it anew. */
export const freshTable = (name: TableName): Command[] => [
  ...absentTable(name),
  command(`table ${name.table}`, TYPES.newTable, CREATE, name.family, text(1, name.table)),
];

export const absentTable = ({ family, table }: TableName): Command[] => [
  // Deleting what is not there would fail.
  command(`table ${table}`, TYPES.newTable, CREATE, family, text(1, table)),
  command(`table ${table}`, TYPES.deleteTable, 0, family, text(1, table)),
];

export const counter = ({ family, table }: TableName, name: string): Command =>
  command(
    `counter ${name}`,
    TYPES.newObject,
    CREATE,
    family,
    text(1, table),
    text(2, name),
    be32(3, COUNTER),
    nested(4),
  );

const TIMEOUT = 0x10;
/** Rules may take elements out. */
const BY_RULES = 0x20;
/** What `nft list` shows the keys as. */
const INET_PROTOCOL = 12;

/** A set of transport protocols whose elements go by themselves, or sooner where a rule takes them out. */
export const timedSet = ({ family, table }: TableName, name: string): Command =>
  command(
    `set ${name}`,
    TYPES.newSet,
    CREATE,
    family,
    text(1, table),
    text(2, name),
    be32(3, TIMEOUT | BY_RULES),
    be32(4, INET_PROTOCOL),
    be32(5, 1),
    be32(10, 1),
  );

export interface TimedElement {
  readonly set: string;
  readonly key: number;
  readonly timeoutMs: number;
}

export const timedElement = ({ family, table }: TableName, element: TimedElement): Command =>
  command(
    `element of ${element.set}`,
    TYPES.newElement,
    CREATE,
    family,
    ...elementAttributes(table, element, be64(4, element.timeoutMs)),
  );

export const removedElement = ({ family, table }: TableName, element: TimedElement): Command =>
  command(`element of ${element.set}`, TYPES.deleteElement, 0, family, ...elementAttributes(table, element));

const elementAttributes = (
  table: string,
  { set, key }: TimedElement,
  ...more: readonly Buffer[]
): Buffer[] => [
  text(1, table),
  text(2, set),
  nested(3, nested(1, nested(1, attribute(1, Uint8Array.of(key))), ...more)),
];

export interface Hook {
  readonly type: 'nat' | 'filter' | 'route';
  readonly point: keyof typeof HOOKS;
  readonly priority: number;
  /** Of netdev chains. */
  readonly devices?: readonly string[];
}

const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4, egress: 1 } as const;
const ACCEPT = 1;

/** Without a hook, a chain that others go to. */
export function chain({ family, table }: TableName, name: string, hook: Hook | null): Command {
  const hooked = hook === null ? [] : [hookOf(hook), be32(5, ACCEPT), text(7, hook.type)];
  return command(`chain ${name}`, TYPES.newChain, CREATE, family, text(1, table), text(3, name), ...hooked);
}

function hookOf({ point, priority, devices }: Hook): Buffer {
  const on = devices === undefined ? [] : [nested(4, ...devices.map((device) => text(1, device)))];
  return nested(4, be32(1, HOOKS[point]), be32(2, priority), ...on);
}

export const rule = (
  { family, table }: TableName,
  { chain, comment, expressions }: { chain: string; comment: string; expressions: readonly Expression[] },
): Command =>
  command(
    `rule "${comment}" of chain ${chain}`,
    TYPES.newRule,
    CREATE | APPEND,
    family,
    text(1, table),
    text(2, chain),
    nested(4, ...expressions),
    attribute(7, commentBytes(comment)),
  );

/** As `nft` writes comments: type, length, text with its NUL. */
function commentBytes(comment: string): Buffer {
  const words = Buffer.from(`${comment}\0`);
  return Buffer.concat([Uint8Array.of(0, words.length), words]);
}

// === messages ===

const command = (
  what: string,
  type: number,
  flags: number,
  family: NftFamily,
  ...attributes: readonly Buffer[]
): Command => ({ what, bytes: message(type, REQUEST | flags, family, ...attributes) });

const message = (type: number, flags: number, family: NftFamily, ...attributes: readonly Buffer[]): Buffer =>
  frame({ type: SUBSYSTEM | type, flags, family: FAMILIES[family], resource: 0 }, attributes);

/** The beginning and the end of a batch name the subsystem in place of a resource. */
const control = (type: number, ...attributes: readonly Buffer[]): Buffer =>
  frame({ type, flags: REQUEST, family: 0, resource: SUBSYSTEM >> 8 }, attributes);

function frame(
  { type, flags, family, resource }: { type: number; flags: number; family: number; resource: number },
  attributes: readonly Buffer[],
): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(MESSAGE_HEADER), ...attributes]);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt8(family, 16);
  bytes.writeUInt16BE(resource, 18);
  return bytes;
}
