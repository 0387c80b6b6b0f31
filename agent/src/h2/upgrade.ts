import { err, ok, type Result } from '../kernel/result.ts';
import { readSettings, type Settings } from './settings.ts';

/** The caller's settings out of an HTTP2-Settings field. */
export type UpgradeSettings = Settings;

/** Why an `Upgrade: h2c` must not be passed on; the request itself may, without its upgrade. */
export type UpgradeRefusal = 'bad_settings' | 'push_enabled';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const SETTING_BYTES = 6;

/**
 * Reads an HTTP2-Settings field (RFC 7540 §3.2.1: base64url of a SETTINGS payload). Callers that leave push enabled are
 * refused: upstream could push on stream 1 before any of the caller's frames can be seen to forbid it.
 */
export function readUpgradeSettings(field: string): Result<UpgradeSettings, UpgradeRefusal> {
  const payload = base64Url(field.replace(/=+$/, ''));
  if (payload === null || payload.length % SETTING_BYTES !== 0) return err('bad_settings');
  const settings = readSettings(payload, 0, payload.length);
  if ('code' in settings) return err('bad_settings');
  return settings.enablePush === 0 ? ok(settings) : err('push_enabled');
}

function base64Url(text: string): Uint8Array | null {
  const bytes: number[] = [];
  let waiting = 0;
  let bits = 0;
  for (const char of text) {
    const digit = ALPHABET.indexOf(char);
    if (digit < 0) return null;
    waiting = ((waiting << 6) | digit) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((waiting >> bits) & 0xff);
  }
  return bits < 6 ? Uint8Array.from(bytes) : null;
}
