import type { TableName } from './batch.ts';

/** What the parts of our table in a pod's network namespace share. */

export const TABLE: TableName = { family: 'inet', table: 'eastwall' };

export const COUNTERS = {
  /** Connections to the agent's port that would have reached somebody else's socket. */
  foreignListener: 'foreign_listener',
  /** Connections of the pod with a mark, which are redirected like any other: it may be a guess at the agent's. */
  marked: 'marked',
  /** Connections that the pod forwards for somebody behind it, a nested container for one; they go direct. */
  forwarded: 'forwarded',
  /** Connections refused because nobody judges them. */
  unjudged: 'unjudged',
  /** Datagrams to the port of HTTPS: QUIC, which nobody reads. */
  quic: 'quic',
} as const;

/** When a chain has its turn at a hook. */
export const PRIORITY = {
  beforeConntrack: -300,
  mangle: -150,
  /** What others, iptables above all, do with an address comes after us, and not at all where we have redirected. */
  beforeOtherNat: -110,
  /** What others do with what arrives comes first, and then we never hear of it: a mesh's sidecar takes the pod's place. */
  afterOtherNat: -90,
  filter: 0,
} as const;
