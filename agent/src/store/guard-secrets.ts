import { createHmac, randomBytes } from 'node:crypto';
import type { GuardKeys } from '../ipc/messages.ts';

export interface GuardSecrets {
  readonly keys: GuardKeys;
  /** Seals news between nodes; null where nodes have no secret in common. */
  readonly sealKey: Uint8Array | null;
}

/**
 * The keys of guards, from the secret that all agents of a store share, so that they know the same id and the same
 * credential again. Without one they are the node's own: a key that anybody can work out would be none.
 */
export function guardSecrets(shared: string): GuardSecrets {
  const secret = shared === '' ? randomBytes(32) : shared;
  const key = (label: string) => createHmac('sha256', secret).update(`eastwall guard ${label}`).digest();
  const seed = key('ids');
  return {
    keys: {
      idSeed: { seed1: seed.readUInt32LE(0), seed2: seed.readUInt32LE(4) },
      fingerprintKey: key('credentials').toString('base64'),
    },
    sealKey: shared === '' ? null : key('news'),
  };
}
