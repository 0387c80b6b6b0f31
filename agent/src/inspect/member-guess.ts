import { INSPECT_LIMITS } from './limits.ts';

const { places: PLACES } = INSPECT_LIMITS;

/** What came after what in documents, by place; shared by all who read some. */
export class MemberOrder {
  /** By the place of an object: its first member last time. 0 for none. */
  readonly first = new Int32Array(PLACES);
  /** By the place of a member: the one after it. */
  readonly after = new Int32Array(PLACES);
}

/**
 * Documents repeat themselves: after `id` came `customerId` last time, so it is compared with that before anything is
 * hashed or looked up. By place, so that one comparison tells both the name and the place.
 */
export class MemberGuess {
  readonly #order: MemberOrder;
  #table: Int32Array;
  #from = 0;

  constructor(order: MemberOrder) {
    this.#order = order;
    this.#table = order.first;
  }

  opened(object: number): void {
    this.#table = this.#order.first;
    this.#from = object;
  }

  passed(member: number): void {
    this.#table = this.#order.after;
    this.#from = member;
  }

  get place(): number {
    return this.#table[this.#from] as number;
  }

  learn(member: number): void {
    this.#table[this.#from] = member;
  }
}
