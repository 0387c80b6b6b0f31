import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Shorter ones can be guessed; a file that is empty, or half written, lets nobody in. */
const MIN_LENGTH = 16;

/** Whether who asks has the token in `file`, which is read each time: Kubernetes changes a mounted Secret in place. */
export function bearsToken(authorization: string | undefined, file: string): boolean {
  const given = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  const token = readToken(file);
  return given !== undefined && token.length >= MIN_LENGTH && timingSafeEqual(digest(given), digest(token));
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Of equal length whatever the texts are, so that comparing them tells nothing. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
