import { INSPECT_LIMITS } from './limits.ts';

const { places: PLACES, gaps: CAPACITY } = INSPECT_LIMITS;

/** Of one gap, in words of 32 bits. */
const NEXT = 0;
const TO = 1;
const LENGTH = 2;
/** Of its first word, those bits that count: all, unless it is shorter. */
const MASK = 3;
/** Its last four bytes. */
const TAIL = 4;
const WORDS = 5;
const STRIDE = 32;
export const WORD = 4;
/** Longer ones are not kept. */
const LONGEST = (STRIDE - WORDS) * WORD;
/** From here on, one is better split where a container begins. */
export const LONG_GAP = LONGEST / 2;
/** After values of one place. */
const MOST = 4;
/** Once there are so many, what is new takes the place of another one, but not always: it may never come again. */
const REPLACE_EVERY = 8;
const MASKS = [0, 0xff, 0xffff, 0xffffff, -1];

/** Some bytes of a document. */
interface Gap {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * What came between two values in documents so far, to the byte: `},{"id":` and `,"customerId":` and `\n]}]`. Documents repeat
 * themselves, so one comparison tells where they go on, whatever was closed, opened and named in between.
 *
 * INVARIANT: a gap leads from one place to another whatever the document, so it has no name in it that may come to mean
 * something else; and none that is a value. Bounded: what there is no room for is read the long way.
 */
export class GapTable {
  readonly #first = new Int32Array(2 * PLACES);
  readonly #gaps = new Int32Array(CAPACITY * STRIDE);
  /** 0 stands for none. */
  #count = 1;
  #refused = 0;

  /** The gap at `at` after a value of the place `from`, if it and the byte after it are all there; else 0. */
  find(from: number, view: DataView, at: number, end: number): number {
    const gaps = this.#gaps;
    const word = view.getInt32(at, true);
    for (let gap = this.#first[from] as number; gap !== 0; gap = gaps[gap + NEXT] as number) {
      if (((word ^ (gaps[gap + WORDS] as number)) & (gaps[gap + MASK] as number)) !== 0) continue;
      const length = gaps[gap + LENGTH] as number;
      if (at + length < end && (length <= WORD || this.#isRestAt(gap, length, view, at))) return gap;
    }
    return 0;
  }

  #isRestAt(gap: number, length: number, view: DataView, at: number): boolean {
    const gaps = this.#gaps;
    const last = at + length - WORD;
    let known = gap + WORDS + 1;
    for (let next = at + WORD; next < last; next += WORD)
      if (view.getInt32(next, true) !== gaps[known++]) return false;
    return view.getInt32(last, true) === gaps[gap + TAIL];
  }

  lengthOf(gap: number): number {
    return this.#gaps[gap + LENGTH] as number;
  }

  /** The place of the value behind it. */
  leadsTo(gap: number): number {
    return this.#gaps[gap + TO] as number;
  }

  /** The bytes from `start` to `end` came between values of the places `from` and `to`. */
  learn(from: number, to: number, { bytes, start, end }: Gap): void {
    const length = end - start;
    if (length === 0 || length > LONGEST) return;
    const gap = this.#roomAfter(from);
    if (gap === 0) return;
    const gaps = this.#gaps;
    gaps[gap + TO] = to;
    gaps[gap + LENGTH] = length;
    gaps[gap + MASK] = MASKS[Math.min(length, WORD)] as number;
    for (let at = 0; at < length; at += WORD) gaps[gap + WORDS + at / WORD] = wordAt(bytes, start + at, end);
    if (length > WORD) gaps[gap + TAIL] = wordAt(bytes, end - WORD, end);
  }

  /** A new gap, else one that has to go; 0 where there is no room. */
  #roomAfter(from: number): number {
    const gaps = this.#gaps;
    let count = 0;
    for (let gap = this.#first[from] as number; gap !== 0; gap = gaps[gap + NEXT] as number) count++;
    if (count === MOST || this.#count === CAPACITY) return this.#oneOf(from, count);
    const gap = this.#count++ * STRIDE;
    gaps[gap + NEXT] = this.#first[from] as number;
    this.#first[from] = gap;
    return gap;
  }

  /** Each in its turn. */
  #oneOf(from: number, count: number): number {
    if (count === 0 || ++this.#refused % REPLACE_EVERY !== 0) return 0;
    let gap = this.#first[from] as number;
    for (let left = (this.#refused / REPLACE_EVERY) % count; left > 0; left--)
      gap = this.#gaps[gap + NEXT] as number;
    return gap;
  }
}

/** As a place to come from: just before a container at it, where a long gap is split. */
export const insideOf = (place: number): number => PLACES + place;

/** Little-endian, with zeros for what is behind `end`. */
function wordAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let n = 0; n < WORD && at + n < end; n++) word |= (bytes[at + n] as number) << (8 * n);
  return word;
}
