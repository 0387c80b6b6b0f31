import { createHmac } from 'node:crypto';

/** Tells two secrets apart without keeping either: a keyed hash. Whoever has the key can find a weak secret by trying. */
export type Fingerprint = (secret: string) => string;

/** 128 of HMAC-SHA-256's bits: no two secrets meet by chance, and none can be found by trying. */
const KEPT = 22;

export function fingerprints(key: Uint8Array): Fingerprint {
  return (secret) => createHmac('sha256', key).update(secret).digest('base64url').slice(0, KEPT);
}
