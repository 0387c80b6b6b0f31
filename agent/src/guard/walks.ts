import type { Sequence } from '../record/finding.ts';

/** Ten minutes in bars of ten seconds: as long as an episode lasts without a sign. */
const STEP_MS = 10_000;
const BARS = 60;

interface Walk {
  /** That of the newest bar. */
  step: number;
  readonly ids: Uint16Array;
  readonly unexplained: Uint16Array;
}

/**
 * How many ids callers have asked operations for over the last minutes, for the pictures of findings. Kept from the first
 * id on that nothing explains; the walk that was begun longest ago makes room.
 */
export class Walks {
  readonly #walks = new Map<number, Walk>();
  readonly #max: number;

  /** A walk takes about 500 bytes. */
  constructor(max: number) {
    this.#max = max;
  }

  /** One more id; `key` stands for caller and operation, `now` is in monotonic ms. */
  touch(key: number, explained: boolean, now: number): void {
    const walk = this.#walks.get(key) ?? (explained ? null : this.#begin(key, now));
    if (walk === null) return;
    const bar = this.#turn(walk, now) % BARS;
    walk.ids[bar] = (walk.ids[bar] ?? 0) + 1;
    if (!explained) walk.unexplained[bar] = (walk.unexplained[bar] ?? 0) + 1;
  }

  /** Null where nothing is kept. `usual` is the share of unexplained ids, `most` ids in ten minutes. */
  sequence(
    key: number,
    now: number,
    { usual, most }: { usual: number | null; most: number },
  ): Sequence | null {
    const walk = this.#walks.get(key);
    if (walk === undefined) return null;
    const newest = this.#turn(walk, now);
    const bars = (of: Uint16Array) =>
      Array.from({ length: BARS }, (_, at) => of[(newest + 1 + at) % BARS] ?? 0);
    const values = bars(walk.ids);
    const mean = values.reduce((sum, value) => sum + value, 0) / BARS;
    return {
      unit: 'ids',
      stepMs: STEP_MS,
      values,
      marked: bars(walk.unexplained),
      baseline: usual === null ? null : usual * mean,
      threshold: most / BARS,
    };
  }

  #begin(key: number, now: number): Walk {
    if (this.#walks.size >= this.#max) {
      const [oldest] = this.#walks.keys();
      if (oldest !== undefined) this.#walks.delete(oldest);
    }
    const step = Math.floor(now / STEP_MS);
    const walk = { step, ids: new Uint16Array(BARS), unexplained: new Uint16Array(BARS) };
    this.#walks.set(key, walk);
    return walk;
  }

  /** Clears the bars of the time that has passed without an id; returns the step of the newest bar. */
  #turn(walk: Walk, now: number): number {
    const step = Math.floor(now / STEP_MS);
    for (let passed = Math.max(walk.step + 1, step - BARS + 1); passed <= step; passed++) {
      walk.ids[passed % BARS] = 0;
      walk.unexplained[passed % BARS] = 0;
    }
    walk.step = Math.max(walk.step, step);
    return walk.step;
  }
}
