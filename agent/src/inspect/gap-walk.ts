import { type GapTable, insideOf, LONG_GAP, WORD } from './gap-table.ts';
import type { IdCollector } from './id-collector.ts';
import type { JsonCursor } from './json-cursor.ts';
import { endOfShort } from './json-values.ts';
import { ROOT } from './place-table.ts';

const SPACE = 0x20;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const NO_VIEW = new DataView(new ArrayBuffer(0));

/** Goes through a document from value to value by gaps that are known, and learns those that are not. */
export class GapWalk {
  /** Where `follow` has left off: just after a value, else just before one. */
  isAfterValue = true;
  readonly #gaps: GapTable;
  readonly #collector: IdCollector;
  readonly #cursor: JsonCursor;
  #view: DataView = NO_VIEW;
  /** The place of the last value, and where it ended; `ROOT.other` where what comes is not to be learnt. */
  #from: number = ROOT.other;
  #start = 0;

  constructor(gaps: GapTable, collector: IdCollector, cursor: JsonCursor) {
    this.#gaps = gaps;
    this.#collector = collector;
    this.#cursor = cursor;
  }

  /** What is walked through from now on. */
  lookAt(view: DataView): void {
    this.#view = view;
  }

  /** What has come since the last value is no gap. */
  forget(): void {
    this.#from = ROOT.other;
  }

  /**
   * A gap that is known, a short value, the next gap. `start` is where a value ended, or where the document begins; the
   * cursor is at its place. Leaves off at the first thing that is otherwise, for others to see to.
   */
  follow(bytes: Uint8Array, start: number, end: number): number {
    const cursor = this.#cursor;
    const collector = this.#collector;
    const gaps = this.#gaps;
    const view = this.#view;
    const lastWord = view.byteLength - WORD;
    let from = cursor.place;
    let at = start;
    while (at <= lastWord && !collector.truncated) {
      const gap = gaps.find(from, view, at, end);
      if (gap === 0) break;
      cursor.reach(gaps.leadsTo(gap));
      at += gaps.lengthOf(gap);
      from = isOpening(bytes[at] as number) ? insideOf(cursor.place) : cursor.place;
      if (from !== cursor.place) continue;
      const close = endOfShort(cursor, bytes, view, at, end);
      if (close < 0) return this.#leaveBefore(at);
      at = close;
    }
    if (from !== cursor.place) return this.#leaveBefore(at);
    if (at !== start) cursor.settle();
    this.isAfterValue = true;
    this.#from = from;
    this.#start = at;
    return at;
  }

  #leaveBefore(at: number): number {
    this.#cursor.settle();
    this.isAfterValue = false;
    return at;
  }

  /** Whether what `follow` has left off before is the first thing in an array; there may be none. */
  opensArray(bytes: Uint8Array, at: number): boolean {
    let before = at - 1;
    while ((bytes[before] as number) <= SPACE) before--;
    return bytes[before] === OPEN_ARRAY;
  }

  /** A value begins at `at`. */
  learn(bytes: Uint8Array, at: number): void {
    const { place, depth } = this.#cursor;
    const from = this.#from;
    this.#from = ROOT.other;
    if (from === ROOT.other || place === ROOT.other || depth === 0) return;
    // So close to the end of its memory, a gap is not looked for, and would be learnt again each time.
    if (this.#start + WORD <= this.#view.byteLength)
      this.#gaps.learn(from, place, { bytes, start: this.#start, end: at });
  }

  /** A container begins at `at`. What leads to it is a gap by itself where the whole would become too long. */
  split(bytes: Uint8Array, at: number): void {
    if (this.#from === ROOT.other || at - this.#start < LONG_GAP) return;
    this.learn(bytes, at);
    this.#from = insideOf(this.#cursor.place);
    this.#start = at;
  }
}

/** `[` and `{`. */
const isOpening = (byte: number): boolean => (byte | 0x20) === OPEN_OBJECT;
