import type { ParameterType } from './segment-class.ts';

/** Where an operation's paths have an id. */
export interface Parameter {
  /** Counts segments from 0. */
  readonly index: number;
  /** Unique in the template. */
  readonly name: string;
  readonly type: ParameterType;
}

/** One thing that a destination does: a method on paths of one form. */
export interface Operation {
  /** Unique in its learner, and never given out again. */
  readonly id: number;
  readonly method: string;
  /** What tells operations apart that share a path, as GraphQL's do; else empty. */
  readonly name: string;
  /** `/orders/{orderId}/items`. May change while the destination is being learnt: the id does not. */
  readonly template: string;
  readonly parameters: readonly Parameter[];
  /**
   * The operation that this one turned out to be: whoever keeps something per operation adds it up there, when he
   * comes by. Never one that was merged itself.
   */
  readonly mergedInto: Operation | null;
  /** Forgotten, to make room. */
  readonly evicted: boolean;
  /** Times it was observed. */
  readonly seen: number;
  readonly lastSeen: number;
}
