/** Who keeps memory for connections: a pod. */
export interface Holder {
  readonly heldBytes: number;
  /** Ends what holds the most until so many bytes are free, or half of all that it holds. Returns how many are. */
  endHeaviest(bytes: number): number;
}

/**
 * Ends connections until all together hold no more than `maxBytes`, always of whoever holds the most: what one makes wait
 * here is never paid for by others.
 */
export function relieve(holders: readonly Holder[], maxBytes: number): void {
  let excess = holders.reduce((sum, { heldBytes }) => sum + heldBytes, 0) - maxBytes;
  while (excess > 0) {
    const heaviest = holders.reduce((most, each) => (each.heldBytes > most.heldBytes ? each : most));
    const freed = heaviest.endHeaviest(excess);
    if (freed === 0) return;
    excess -= freed;
  }
}
