import type { DataplaneChild } from './dataplane-child.ts';
import type { Slot } from './dataplane-slot.ts';

/** How often is looked. */
export const HANG_TICK_MS = 1_000;

/**
 * Ends dataplanes that say nothing any more, so that they are started anew: while one hangs nobody judges its pods. A
 * dataplane tells its totals each second, also when it has nothing to do.
 *
 * Looks are counted and not time: when control itself was stopped, or had no processor, it has not read what they said.
 */
export class HangWatch {
  readonly #most: number;
  readonly #silent = new WeakMap<DataplaneChild, { readonly heardAt: number; readonly looks: number }>();

  constructor(timeoutMs: number) {
    this.#most = Math.ceil(timeoutMs / HANG_TICK_MS);
  }

  /** To be called at each tick. */
  look(slots: readonly Slot[]): void {
    for (const { child, heardAt } of slots) {
      if (child === null) continue;
      const before = this.#silent.get(child);
      const looks = before?.heardAt === heardAt ? before.looks + 1 : 0;
      this.#silent.set(child, { heardAt, looks });
      if (looks >= this.#most) child.kill(`hung: said nothing for ${looks} s`);
    }
  }
}
