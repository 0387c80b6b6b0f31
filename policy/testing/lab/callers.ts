import type { Random } from './random.ts';
import type { Subject } from './subject.ts';
import type { Timeline } from './timeline.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** Objects that there are: ids from 1,000,000, one in three of the numbers taken. */
const FIRST_ID = 1_000_000;
const NUMBERS = 6_000_000;

export function someId(random: Random): number {
  return FIRST_ID + 3 * random.below(NUMBERS / 3);
}

export interface Stage {
  readonly subject: Subject;
  readonly timeline: Timeline;
  readonly random: Random;
}

/** A workload's usual traffic: starts its processes on the timeline. */
export type Caller = (stage: Stage) => void;

export const CALLERS = {
  frontend,
  'bursty frontend': burstyFrontend,
  recommender,
  exporter,
  reconcile,
  support,
} as const;
export type CallerName = keyof typeof CALLERS;

/** Lists, then gets some of what it listed, for many users; 3 % it knows from elsewhere. */
function frontend(stage: Stage): void {
  listAndGet(stage, { occasions: 0.043, atOnce: () => 1 });
}

/** The same, but a fifth of what it knows from elsewhere comes as two to four at once. */
function burstyFrontend(stage: Stage): void {
  const { random } = stage;
  listAndGet(stage, { occasions: 0.031, atOnce: () => (random.chance(0.8) ? 1 : random.between(2, 4)) });
}

interface Elsewhere {
  readonly occasions: number;
  readonly atOnce: () => number;
}

function listAndGet({ subject, timeline, random }: Stage, { occasions, atOnce }: Elsewhere): void {
  timeline.start((now) => {
    const principal = 1_000 + random.below(2_000);
    if (random.chance(occasions)) {
      for (let i = atOnce(); i > 0; i--) subject.get({ id: someId(random), principal }, now);
    } else {
      const list = Array.from({ length: 20 }, () => someId(random));
      subject.show(list, now);
      for (const id of list.slice(0, random.between(0, 3)))
        getWithRetries({ subject, random }, id, now, principal);
    }
    return random.wait(3.3 * dayFactor(now));
  });
}

/** Asks one service what to recommend and another one for each of it; some it remembers, rarely a whole list. */
function recommender({ subject, timeline, random }: Stage): void {
  timeline.start((now) => {
    const ids = Array.from({ length: 5 }, () => someId(random));
    if (!random.chance(0.0005)) subject.show(random.chance(0.02) ? ids.slice(1) : ids, now);
    for (const id of ids) getWithRetries({ subject, random }, id, now, 0);
    return random.wait(0.06 * dayFactor(now));
  });
}

/** Every hour 3,000 objects, page after page, each fetched. */
function exporter({ subject, timeline, random }: Stage): void {
  const page = (from: number) => (now: number) => {
    const ids = Array.from({ length: 100 }, (_, i) => FIRST_ID + 3 * (from + i));
    subject.show(ids, now);
    for (const id of ids) getWithRetries({ subject, random }, id, now, 0);
    if (from + 100 < 3_000) timeline.start(page(from + 100), 2 * SECOND);
    return null;
  };
  timeline.start(() => {
    timeline.start(page(0));
    return HOUR;
  });
}

/** Every four hours 1,500 objects whose ids come from its own database. */
function reconcile({ subject, timeline, random }: Stage): void {
  timeline.start((start) => {
    const ids = random.shuffle(Array.from({ length: 1_500 }, (_, i) => FIRST_ID + 97 * i));
    timeline.start((now) => {
      const id = ids.pop();
      if (id === undefined || now - start > HOUR) return null;
      subject.get({ id, exists: !random.chance(0.01) }, now);
      return 100;
    });
    return 4 * HOUR;
  });
}

/** A person who opens what customers write about; sometimes from memory, sometimes with a typing mistake. */
function support({ subject, timeline, random }: Stage): void {
  timeline.start((now) => {
    const hour = Math.floor(now / HOUR) % 24;
    const principal = 500 + random.below(6);
    if (hour < 8 || hour >= 18) return 10 * 60 * SECOND;
    const id = someId(random);
    if (random.chance(0.1)) {
      subject.get({ id: random.chance(0.2) ? id + 1 : id, exists: !random.chance(0.2), principal }, now);
    } else {
      subject.serve([id], now, () => subject.get({ id, exists: !random.chance(0.02), principal }, now));
    }
    return random.wait(1 / 45);
  });
}

/** Node restarts, rollouts and failed requests are part of any day. */
export function everydayTrouble({ subject, timeline, random }: Stage): void {
  timeline.start(() => {
    subject.deploy();
    return random.between(12, 36) * HOUR;
  }, 20 * HOUR);
  timeline.start((now) => {
    subject.forget(now);
    return random.between(20, 50) * HOUR;
  }, 30 * HOUR);
}

function getWithRetries(
  { subject, random }: Pick<Stage, 'subject' | 'random'>,
  id: number,
  now: number,
  principal: number,
): void {
  for (let tries = random.chance(0.03) ? random.between(2, 4) : 1; tries > 0; tries--)
    subject.get({ id, principal, exists: !random.chance(0.003) }, now);
}

/** Twice as much at noon as at midnight. */
function dayFactor(now: number): number {
  return 1 - Math.cos((2 * Math.PI * (now % (24 * HOUR))) / (24 * HOUR)) / 3;
}
