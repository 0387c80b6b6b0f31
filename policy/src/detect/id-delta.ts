import { err, ok, type Result } from '../model/result.ts';

/** Ids in one message between nodes; more in one interval are dropped, which only raises somebody's baseline. */
export const MAX_DELTA_IDS = 1_024;

/** Room for as many at first; doubled up to the most there are. */
const FIRST_IDS = 64;
const MAGIC = 0x31444945;
const HEADER_BYTES = 8;
const ID_BYTES = 8;

/**
 * The ids a workload was shown here since the last report to the other nodes. Ids, not the filter itself: a filter
 * that is merged, and published again with what was merged, would go round the nodes and never forget.
 */
export class IdDelta {
  /** Grows as needed: most workloads are shown little between two reports. */
  #hashes = new Uint32Array(0);
  #count = 0;
  #dropped = 0;

  /** Ids that were not taken since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  add(h1: number, h2: number): void {
    if (this.#count === MAX_DELTA_IDS) {
      this.#dropped++;
      return;
    }
    if (2 * this.#count === this.#hashes.length) this.#grow();
    this.#hashes[2 * this.#count] = h1;
    this.#hashes[2 * this.#count + 1] = h2;
    this.#count++;
  }

  /** `EID1`, the number of ids, two hashes for each, all little-endian; null when there is nothing to tell. */
  take(): Uint8Array | null {
    if (this.#count === 0) return null;
    const bytes = new Uint8Array(HEADER_BYTES + this.#count * ID_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, this.#count, true);
    for (let i = 0; i < 2 * this.#count; i++)
      view.setUint32(HEADER_BYTES + 4 * i, this.#hashes[i] ?? 0, true);
    this.#count = 0;
    this.#hashes = new Uint32Array(0);
    return bytes;
  }

  #grow(): void {
    const grown = new Uint32Array(Math.max(2 * FIRST_IDS, 2 * this.#hashes.length));
    grown.set(this.#hashes);
    this.#hashes = grown;
  }
}

/** Pairs of hashes, from what another node sent or whoever else can write where nodes read. */
export function decodeDelta(bytes: Uint8Array): Result<Uint32Array, string> {
  if (bytes.length < HEADER_BYTES) return err('shorter than its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return err('not a list of ids');
  const count = view.getUint32(4, true);
  if (count > MAX_DELTA_IDS) return err(`more than ${MAX_DELTA_IDS} ids`);
  if (bytes.length !== HEADER_BYTES + count * ID_BYTES) return err('not as long as it says');
  const hashes = new Uint32Array(2 * count);
  for (let i = 0; i < hashes.length; i++) hashes[i] = view.getUint32(HEADER_BYTES + 4 * i, true);
  return ok(hashes);
}
