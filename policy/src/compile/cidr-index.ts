import { ADDRESS_BITS, type Address, type Cidr } from '../address/cidr.ts';

interface Prefixes<T> {
  readonly family: 4 | 6;
  readonly prefix: number;
  readonly byBits: Map<bigint, T[]>;
}

/** Entries by the networks they name: a lookup takes one step per prefix length in use, however many networks there are. */
export class CidrIndex<T> {
  readonly #lengths: Prefixes<T>[] = [];

  add({ family, prefix, bits }: Cidr, entry: T): void {
    const { byBits } = this.#prefixes(family, prefix);
    const entries = byBits.get(bits);
    if (entries === undefined) byBits.set(bits, [entry]);
    else entries.push(entry);
  }

  /** What was added under a network that holds the address; once for each such network. */
  *containing({ family, bits }: Address): Generator<T> {
    for (const length of this.#lengths) {
      if (length.family !== family) continue;
      yield* length.byBits.get(bits >> BigInt(ADDRESS_BITS[family] - length.prefix)) ?? [];
    }
  }

  #prefixes(family: 4 | 6, prefix: number): Prefixes<T> {
    const known = this.#lengths.find((length) => length.family === family && length.prefix === prefix);
    if (known !== undefined) return known;
    const made: Prefixes<T> = { family, prefix, byBits: new Map() };
    this.#lengths.push(made);
    return made;
  }
}
