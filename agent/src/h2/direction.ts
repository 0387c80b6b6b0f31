import { FloodMeter } from './flood-meter.ts';
import { type ConnectionFault, FRAME, settingsFrame } from './frame.ts';
import type { CurrentFrame } from './frame-walker.ts';
import type { RelayState, Side } from './relay-state.ts';
import { readSettings, rewriteSettings, type SettingsLedger } from './settings.ts';

/** What is the same for frames of either side: floods, settings and faults. */
export abstract class Direction {
  protected readonly state: RelayState;
  private readonly side: Side;
  private readonly control: FloodMeter;
  private readonly empty: FloodMeter;

  constructor(state: RelayState, side: Side) {
    this.state = state;
    this.side = side;
    this.control = new FloodMeter(state.limits.maxControlFrames, state.limits.floodIntervalMs);
    this.empty = new FloodMeter(state.limits.maxEmptyFrames, state.limits.floodIntervalMs);
  }

  onFault(fault: ConnectionFault): void {
    this.state.fail(this.side, fault);
  }

  onUnknown(_frame: CurrentFrame): boolean {
    this.countControl();
    return true;
  }

  protected fail(code: ConnectionFault['code'], reason: string): false {
    this.state.fail(this.side, { code, reason });
    return false;
  }

  protected countControl(): void {
    this.count(this.control, 'too many control frames');
  }

  protected countIfEmpty(frame: CurrentFrame): void {
    if (frame.length > frame.padding || frame.endsStream) return;
    this.count(this.empty, 'too many empty DATA frames');
  }

  /** A WINDOW_UPDATE. */
  protected countGrant(): void {
    this.count(this.state.grants[this.side], 'too many WINDOW_UPDATE frames for the DATA that was sent');
  }

  /** A frame of a stream that is closed. */
  protected countStray(): void {
    this.count(this.state.strays[this.side], 'too many frames of closed streams');
  }

  private count(meter: FloodMeter, tooMany: string): void {
    if (meter.overflows(this.state.now)) this.fail('ENHANCE_YOUR_CALM', tooMany);
  }

  /** SETTINGS that are no acknowledgement: noted, and passed on with what the relay can't carry taken back. */
  protected passSettings(frame: CurrentFrame, ledger: SettingsLedger): boolean {
    const payload = frame.bytes.subarray(frame.start, frame.end);
    const seen = readSettings(payload, 0, payload.length);
    if ('code' in seen) return this.fail(seen.code, seen.reason);
    if (ledger.announce(seen) > this.state.limits.maxUnackedSettings)
      return this.fail('ENHANCE_YOUR_CALM', 'too many SETTINGS frames wait for an acknowledgement');
    if (seen.maxFrame >= 0) this.state.allowFrames(this.side, seen.maxFrame);
    const rewritten = rewriteSettings(payload, seen, {
      maxTableBytes: this.state.limits.maxTableBytes,
      forbidPush: this.side === 'caller',
    });
    if (rewritten === null) return true;
    this.inject(settingsFrame(rewritten));
    return false;
  }

  /** The settings that this side now holds itself to limit the table that its own header blocks use. */
  protected acknowledge(ledger: SettingsLedger, limitTable: (size: number) => void): boolean {
    const settings = ledger.acknowledge();
    if (settings === null) return this.fail('PROTOCOL_ERROR', 'an acknowledgement of no SETTINGS');
    if (settings.tableSize < 0) return true;
    const { maxTableBytes } = this.state.limits;
    limitTable(Math.min(settings.lowestTableSize, maxTableBytes));
    limitTable(Math.min(settings.tableSize, maxTableBytes));
    return true;
  }

  /** A stream that its side has not opened yet can't be spoken about (RFC 9113 §5.1). */
  protected failIdle(type: number): false {
    return this.fail('PROTOCOL_ERROR', `${FRAME_NAMES.get(type) ?? 'a frame'} on an idle stream`);
  }

  /** Sends frames of ours where this direction's frames go. */
  private inject(frames: Uint8Array): void {
    if (this.side === 'caller') this.state.sendUpstream(frames);
    else this.state.sendCaller(frames);
  }
}

const FRAME_NAMES: ReadonlyMap<number, string> = new Map([
  [FRAME.data, 'DATA'],
  [FRAME.headers, 'HEADERS'],
  [FRAME.rstStream, 'RST_STREAM'],
  [FRAME.windowUpdate, 'WINDOW_UPDATE'],
]);
