import { type Stage, someId } from './callers.ts';
import type { Asked } from './subject.ts';

/** Walks through ids inside a workload it has taken over; the n-th request of it. */
export interface Attacker {
  readonly perSecond: number;
  ask(n: number, stage: Stage): Asked;
}

const START = 1_900_002;
const isTaken = (id: number) => (id - 1_000_000) % 3 === 0;

function attacker(perSecond: number, ask: (n: number, stage: Stage) => Asked): Attacker {
  return { perSecond, ask: (n, stage) => ({ isAttack: true, ...ask(n, stage) }) };
}

/** Objects it knows to be there, one after the other. */
const known = (n: number) => ({ id: START + 3 * n });

function shuffled(n: number): Asked {
  const [block, at] = [Math.floor(n / 512), n % 512];
  // 179 and 512 have no factor in common, so every one of the block has its turn.
  return known(512 * block + ((at * 179 + 31) % 512));
}

/** Counts up and takes what is there; two of three are not. */
function counting(n: number): Asked {
  const id = START + n;
  return { id, exists: isTaken(id) };
}

/** Guesses among 2^31 numbers; one in fifty is there. */
function guessing(n: number, { random }: Stage): Asked {
  return { id: 2_000_000 + random.below(2 ** 31), exists: n % 50 === 0 };
}

/** Gets only what the workload was shown just before, by a list that it may call. */
function harvested(_n: number, { subject, random, timeline }: Stage): Asked {
  const id = someId(random);
  subject.show([id], timeline.now);
  return { id };
}

const ATTACKING_USER = 7;

export const ATTACKERS = {
  burst: attacker(20, known),
  'slow, 1 in 30 s': attacker(1 / 30, known),
  'slow, 1 in 2 min': attacker(1 / 120, known),
  'blended, 1 rps': attacker(1, known),
  'blended, anywhere': attacker(1, (_, { random }) => ({ id: someId(random) })),
  shuffled: attacker(2, shuffled),
  sequential: attacker(2, counting),
  'sparse guessing': attacker(5, guessing),
  'harvested ids': attacker(2, harvested),
  'one user, 1 in 30 s': attacker(1 / 30, (n) => ({ ...known(n), principal: ATTACKING_USER })),
} as const satisfies Readonly<Record<string, Attacker>>;
export type AttackerName = keyof typeof ATTACKERS;
