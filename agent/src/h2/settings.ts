import {
  type ConnectionFault,
  MAX_MAX_FRAME,
  MAX_STREAM_ID,
  MIN_MAX_FRAME,
  uint32,
  writeUint32,
} from './frame.ts';

const HEADER_TABLE_SIZE = 1;
const ENABLE_PUSH = 2;
const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;
const SETTING_BYTES = 6;

/** What one SETTINGS frame says about the things that the relay follows; -1 where it says nothing. */
export interface Settings {
  readonly tableSize: number;
  /** The lowest of several table sizes in one frame: encoders must signal it too (RFC 7541 §4.2). */
  readonly lowestTableSize: number;
  readonly enablePush: number;
  readonly initialWindow: number;
  readonly maxFrame: number;
}

/** Reads a payload whose length is a multiple of six (RFC 9113 §6.5.2). */
export function readSettings(bytes: Uint8Array, start: number, end: number): Settings | ConnectionFault {
  const seen = { tableSize: -1, lowestTableSize: -1, enablePush: -1, initialWindow: -1, maxFrame: -1 };
  for (let pos = start; pos + SETTING_BYTES <= end; pos += SETTING_BYTES) {
    const id = ((bytes[pos] as number) << 8) | (bytes[pos + 1] as number);
    const value = uint32(bytes, pos + 2);
    const fault = settingFault(id, value);
    if (fault !== null) return fault;
    if (id === HEADER_TABLE_SIZE) {
      seen.lowestTableSize = seen.tableSize < 0 ? value : Math.min(seen.lowestTableSize, value);
      seen.tableSize = value;
    } else if (id === ENABLE_PUSH) seen.enablePush = value;
    else if (id === INITIAL_WINDOW_SIZE) seen.initialWindow = value;
    else if (id === MAX_FRAME_SIZE) seen.maxFrame = value;
  }
  return seen;
}

function settingFault(id: number, value: number): ConnectionFault | null {
  if (id === ENABLE_PUSH && value > 1) return { code: 'PROTOCOL_ERROR', reason: 'ENABLE_PUSH is not 0 or 1' };
  if (id === INITIAL_WINDOW_SIZE && value > MAX_STREAM_ID)
    return { code: 'FLOW_CONTROL_ERROR', reason: 'INITIAL_WINDOW_SIZE is too large' };
  if (id === MAX_FRAME_SIZE && (value < MIN_MAX_FRAME || value > MAX_MAX_FRAME))
    return { code: 'PROTOCOL_ERROR', reason: 'MAX_FRAME_SIZE is out of range' };
  return null;
}

export interface SettingsRewrite {
  /** HPACK tables are followed here too, so their size is bounded for both sides. */
  readonly maxTableBytes: number;
  /** A pushed response answers a request that nobody judged: the caller must be seen to want none. */
  readonly forbidPush: boolean;
}

/** The payload with larger tables and push taken back, or null when it can go on as it is. */
export function rewriteSettings(
  payload: Uint8Array,
  seen: Settings,
  { maxTableBytes, forbidPush }: SettingsRewrite,
): Uint8Array | null {
  const addsPush = forbidPush && seen.enablePush < 0;
  if (!addsPush && !(forbidPush && seen.enablePush > 0) && !hasLargeTable(payload, maxTableBytes))
    return null;
  const out = new Uint8Array(payload.length + (addsPush ? SETTING_BYTES : 0));
  out.set(payload);
  if (addsPush) out[payload.length + 1] = ENABLE_PUSH;
  for (let pos = 0; pos < payload.length; pos += SETTING_BYTES) {
    const id = ((out[pos] as number) << 8) | (out[pos + 1] as number);
    if (id === ENABLE_PUSH && forbidPush) writeUint32(out, pos + 2, 0);
    if (id === HEADER_TABLE_SIZE) writeUint32(out, pos + 2, Math.min(uint32(out, pos + 2), maxTableBytes));
  }
  return out;
}

function hasLargeTable(payload: Uint8Array, maxTableBytes: number): boolean {
  for (let pos = 0; pos < payload.length; pos += SETTING_BYTES)
    if (
      payload[pos] === 0 &&
      payload[pos + 1] === HEADER_TABLE_SIZE &&
      uint32(payload, pos + 2) > maxTableBytes
    )
      return true;
  return false;
}

/** The settings one side has announced and the other has not acknowledged yet, oldest first. */
export class SettingsLedger {
  /** The initial stream window that both the last announcement and the last acknowledgement allow. */
  private window = 65_535;
  /** The largest initial stream window that was ever announced: no stream was sent more without a grant. */
  largestWindow = 65_535;
  private readonly pending: Settings[] = [];

  /** How many announcements wait now. */
  announce(settings: Settings): number {
    this.largestWindow = Math.max(this.largestWindow, settings.initialWindow);
    return this.pending.push(settings);
  }

  /** What the oldest announcement said, or null for an acknowledgement of nothing. */
  acknowledge(): Settings | null {
    const settings = this.pending.shift();
    if (settings === undefined) return null;
    if (settings.initialWindow >= 0) this.window = settings.initialWindow;
    return settings;
  }

  /** Bytes that a new stream may surely be sent. */
  get safeWindow(): number {
    let safe = this.window;
    for (const { initialWindow } of this.pending)
      if (initialWindow >= 0) safe = Math.min(safe, initialWindow);
    return safe;
  }
}
