import { clearFields, type Fields, readFields } from './fields.ts';

/** A longer section is read anew each time: a connection keeps two of them. */
const MAX_KEPT = 1_024;
/** With so many misses in a row, one in as many is kept. */
const MAX_MISSES = 64;
const NOTHING = new Uint8Array(0);

/**
 * Reads the field sections of one message after the other. On a connection that is used again most are the same as the
 * one before, byte for byte, and what is the same reads the same: to compare it takes a fraction of reading it.
 *
 * INVARIANT: while `length` is not 0, `fields` has what reading the kept bytes at `start` has left in it.
 */
export class KeptFields {
  private bytes: Uint8Array = NOTHING;
  private length = 0;
  private start = 0;
  /** Not 0 at first: only the second message shows that the connection is used again. */
  private misses = 2;

  /** As `readFields`, of fields that have to be cleared before; `fields` is the same object each time. */
  read(bytes: Uint8Array, start: number, end: number, fields: Fields): number {
    if (this.isAt(bytes, start, end)) {
      this.misses = 0;
      if (start !== this.start) moveFields(fields, start - this.start);
      this.start = start;
      return start + this.length;
    }
    this.forget(fields);
    const reached = readFields(bytes, start, end, fields);
    this.misses = (this.misses + 1) % MAX_MISSES;
    const isTurn = (this.misses & (this.misses - 1)) === 0;
    if (isTurn && reached >= 0 && reached - start <= MAX_KEPT) this.keep(bytes, start, reached);
    return reached;
  }

  /** Clears `fields`. */
  forget(fields: Fields): void {
    this.leave();
    clearFields(fields);
  }

  /** `fields` say something else from now on. */
  leave(): void {
    this.length = 0;
  }

  private isAt(bytes: Uint8Array, start: number, end: number): boolean {
    const { length, bytes: kept } = this;
    if (length === 0 || end - start < length) return false;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== kept[i]) return false;
    return true;
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    this.length = end - start;
    this.start = start;
    if (this.bytes.length < this.length) this.bytes = new Uint8Array(this.length);
    this.bytes.set(bytes.subarray(start, end));
  }
}

function moveFields(fields: Fields, by: number): void {
  // 0 is no place: the field is absent.
  if (fields.hostStart !== 0) {
    fields.hostStart += by;
    fields.hostEnd += by;
  }
  if (fields.upgradeToStart !== 0) {
    fields.upgradeToStart += by;
    fields.upgradeToEnd += by;
  }
  if (fields.h2SettingsStart !== 0) {
    fields.h2SettingsStart += by;
    fields.h2SettingsEnd += by;
  }
  const { spots } = fields;
  for (let i = 0; i < spots.length; i++) spots[i] = (spots[i] as number) + by;
}
