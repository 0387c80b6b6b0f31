/** What can be in one bag at a time, and knows where. */
export interface Bagged {
  /** The bag's own business. */
  place: number;
}

/**
 * A set of what comes and goes often. A `Set` leaves its table behind whenever it makes room, with all that was in it then
 * and a pointer to the next table. V8 does not look at old objects when it collects the young ones, so from the first
 * abandoned table that has become old, the whole chain and all members that ever were in it stay, and become old too.
 */
export class Bag<Member extends Bagged> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Only of one that is in it. */
  delete(member: Member): void {
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    last.place = member.place;
    this.#members[member.place] = last;
  }

  /** Whoever is reached may be taken out, and only that one. */
  *[Symbol.iterator](): Generator<Member> {
    // Backwards: into an emptied place comes one that was reached already.
    for (let at = this.#members.length - 1; at >= 0; at--) yield this.#members[at] as Member;
  }
}
