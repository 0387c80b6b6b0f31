/**
 * Which entries claim an address. Nearly every address has one owner, so that owner stands in the map itself
 * and an array is made for the second: at 100,000 endpoints the arrays would outweigh the index.
 */
export class IpIndex<T extends object> {
  readonly #owners = new Map<string, T | T[]>();

  get size(): number {
    return this.#owners.size;
  }

  add(ip: string, owner: T): void {
    const now = this.#owners.get(ip);
    if (now === undefined) this.#owners.set(ip, owner);
    else if (Array.isArray(now)) {
      if (!now.includes(owner)) now.push(owner);
    } else if (now !== owner) this.#owners.set(ip, [now, owner]);
  }

  delete(ip: string, owner: T): void {
    const now = this.#owners.get(ip);
    if (now === owner) this.#owners.delete(ip);
    if (!Array.isArray(now)) return;
    const rest = now.filter((other) => other !== owner);
    const [only] = rest;
    if (only === undefined) this.#owners.delete(ip);
    else this.#owners.set(ip, rest.length === 1 ? only : rest);
  }

  get(ip: string): readonly T[] {
    const now = this.#owners.get(ip);
    if (now === undefined) return [];
    return Array.isArray(now) ? now : [now];
  }
}
