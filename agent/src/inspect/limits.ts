/** Bounds of what is read of one message, and of what is kept about names. */
export const INSPECT_LIMITS = {
  /** Bytes of one message that are read; the rest passes unread. */
  messageBytes: 256 * 1024,
  /** Ids of one message. */
  ids: 1000,
  /** Containers within containers. */
  depth: 64,
  /** Names of fields that are told apart; also the bytes of the longest. */
  names: 4096,
  nameBytes: 48,
  /** Places of ids and of containers that are told apart. */
  places: 8192,
  types: 1024,
  /** What came between values of documents, told apart to the byte. */
  gaps: 4096,
  /** Names of a message that are looked at although the table of names is full. */
  strangeNames: 256,
  /** Characters of the text of a GraphQL query. */
  queryText: 8192,
} as const;
