/** What became of a body: `read` to its end, or why it was not. */
export const BODY_OUTCOMES = [
  'read',
  /** Of a type that nobody looks into. */
  'other_type',
  /** Of a content coding that nobody undoes, or compressed within gRPC. */
  'encoding',
  /** Longer than what is read of one, or with more ids; its beginning was read, unless it is too long and compressed. */
  'too_large',
  /** Not what its type says, or nested too deeply. */
  'unreadable',
  /** It broke off. */
  'incomplete',
  /** As many bodies as can be read at a time are being read: its rest was not, so that another one could be. */
  'busy',
] as const;
export type BodyOutcome = (typeof BODY_OUTCOMES)[number];

/** How ids come to be known as shown; `refused` are those that one message had too many of. */
export const SHOWN_SOURCES = ['response', 'own-write', 'inbound', 'peer', 'refused'] as const;
export type ShownSource = (typeof SHOWN_SOURCES)[number];

/** What of ids had to make room for others: callers at places of operations, and workloads with what they were shown. */
export const FORGOTTEN_OF_IDS = ['callers', 'workloads'] as const;
/** And who uses which credential. */
export const FORGOTTEN = [...FORGOTTEN_OF_IDS, 'credentials'] as const;
export type Forgotten = (typeof FORGOTTEN)[number];

/** How far a dataplane sees ids, since it said so last. */
export interface IdCounts {
  readonly requestBodies: Readonly<Record<BodyOutcome, number>>;
  readonly responseBodies: Readonly<Record<BodyOutcome, number>>;
  readonly shown: Readonly<Record<ShownSource, number>>;
  readonly forgotten: Readonly<Record<Forgotten, number>>;
}

/** None of each. */
export const zeroOf = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
