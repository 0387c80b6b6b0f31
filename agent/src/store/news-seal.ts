import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Result } from '@eastwall/policy';
import { err, ok } from '../kernel/result.ts';
import { type News, readNews } from '../record/news.ts';

/** The most that news can be: ids in base64 of as many workloads as fit, uses of credentials, names. */
export const MAX_SEALED_BYTES = 512 * 1_024;
/** Older news may be somebody's repetition. Clocks of nodes may differ by as much. */
const MAX_AGE_MS = 2 * 60_000;

const ALGORITHM = 'aes-256-gcm';
export const SENDER_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = SENDER_BYTES + NONCE_BYTES + TAG_BYTES;

export interface SealContext {
  readonly key: Uint8Array;
  /** Sealed for this channel, news are unreadable on another. */
  readonly channel: string;
  /** Random; tells this agent from the others. */
  readonly sender: Uint8Array;
}

/** News of another agent; null for what this one has sent itself. */
export type Opened = Result<News | null, 'unreadable' | 'stale'>;

/**
 * Encrypts, so that who reads the store learns nothing, and who writes there can't make anything up: sender, nonce and
 * tag, then the text.
 */
export function seal({ key, channel, sender }: SealContext, news: News, now: number): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, senderKey(key, sender), nonce);
  cipher.setAAD(Buffer.from(channel));
  const text = JSON.stringify({ at: now, shown: news.shown, uses: news.uses });
  const sealed = [cipher.update(text, 'utf8'), cipher.final()];
  return Buffer.concat([sender, nonce, cipher.getAuthTag(), ...sealed]);
}

export function unseal(context: SealContext, bytes: Uint8Array, now: number): Opened {
  if (bytes.length > MAX_SEALED_BYTES || bytes.length < HEAD_BYTES) return err('unreadable');
  if (Buffer.compare(bytes.subarray(0, SENDER_BYTES), context.sender) === 0) return ok(null);
  const message = decrypted(context, bytes);
  if (typeof message !== 'object' || message === null) return err('unreadable');
  const { at } = message as Record<string, unknown>;
  if (typeof at !== 'number' || !(Math.abs(now - at) <= MAX_AGE_MS)) return err('stale');
  const news = readNews(message);
  return news === null ? err('unreadable') : ok(news);
}

function decrypted({ key, channel }: SealContext, bytes: Uint8Array): unknown {
  const sender = bytes.subarray(0, SENDER_BYTES);
  const nonce = bytes.subarray(SENDER_BYTES, SENDER_BYTES + NONCE_BYTES);
  const tag = bytes.subarray(SENDER_BYTES + NONCE_BYTES, HEAD_BYTES);
  try {
    const options = { authTagLength: TAG_BYTES };
    const decipher = createDecipheriv(ALGORITHM, senderKey(key, sender), nonce, options);
    decipher.setAAD(Buffer.from(channel));
    decipher.setAuthTag(tag);
    const text = [decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()];
    return JSON.parse(Buffer.concat(text).toString('utf8'));
  } catch {
    return null;
  }
}

/** One key for all would wear out: random nonces are good for 2^32 messages of a key (NIST SP 800-38D, 8.3). */
const senderKey = (key: Uint8Array, sender: Uint8Array): Buffer =>
  createHmac('sha256', key).update(sender).digest();
