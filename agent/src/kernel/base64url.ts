import { Buffer } from 'node:buffer';

/** The UTF-8 text that base64url stands for (RFC 4648 §5). Never fails: characters outside of the alphabet are skipped. */
export function fromBase64Url(text: string): string {
  return Buffer.from(text, 'base64url').toString('utf8');
}
