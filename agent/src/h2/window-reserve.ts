/** Bytes that the bodies of our answers may take at once. */
const WANTED = 4096;
/** A grant of this size shows a caller that doesn't count its bytes: the reserve is taken from it beforehand. */
const GENEROUS = 65_536;

/**
 * The part of the caller's connection window that upstream never hears of. An answer's body uses the window up without
 * upstream knowing; if upstream then used all it believes to have, the caller would end the connection with
 * FLOW_CONTROL_ERROR. So a body is only sent out of grants that were withheld before, and what the caller grants back
 * for it fills the reserve again.
 */
export class WindowReserve {
  private held = 0;
  private used = false;

  /** The part of a grant that goes on to upstream; 0 when all of it is withheld. */
  passOn(increment: number): number {
    if (this.held >= WANTED || (!this.used && increment < GENEROUS)) return increment;
    const taken = Math.min(WANTED - this.held, increment);
    this.held += taken;
    return increment - taken;
  }

  /** Takes `bytes` out of the reserve if it holds them. From the first call on, small grants fill it too. */
  spend(bytes: number): boolean {
    this.used = true;
    if (bytes > this.held) return false;
    this.held -= bytes;
    return true;
  }
}
