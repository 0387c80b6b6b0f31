import { textHash } from '../kernel/text-hash.ts';
import { INSPECT_LIMITS } from './limits.ts';

/** Values that are told apart by themselves; see `isOwnNamespace`. */
export const OWN_TYPE = 0;
/** Types that there was no room for. */
export const OTHER_TYPE = 1;
/** A plain `id` of which nothing says what of. */
export const ANY_TYPE = 2;

/** Small numbers for the types of ids. They differ between processes; `spaces` do not. */
export class TypeTable {
  /** Types that have become `OTHER_TYPE`. */
  overflowed = 0;
  readonly #numbers = new Map<string, number>();
  readonly #names = ['', 'other', 'id'];
  /** By number: what an id's hash starts with. From the name only, so that agents agree. */
  readonly spaces = new Int32Array(INSPECT_LIMITS.types);

  constructor() {
    for (const type of [OTHER_TYPE, ANY_TYPE]) this.spaces[type] = textHash(this.#names[type] ?? '');
  }

  intern(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#names.length === INSPECT_LIMITS.types) {
      this.overflowed++;
      return OTHER_TYPE;
    }
    const number = this.#names.length;
    this.#names.push(name);
    this.#numbers.set(name, number);
    this.spaces[number] = textHash(name);
    return number;
  }

  nameOf(type: number): string {
    return this.#names[type] ?? '';
  }
}
