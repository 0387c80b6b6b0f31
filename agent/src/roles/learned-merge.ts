import type { Learned } from '../record/learned.ts';

/** Dataplanes learn by themselves; of what several say of one thing, what was learnt from more holds. */
export function mergedLearned(lists: Iterable<readonly Learned[]>): Learned[] {
  const merged = new Map<string, Learned>();
  for (const list of lists)
    for (const learned of list) {
      const key = keyOf(learned);
      const known = merged.get(key);
      if (known === undefined || weightOf(learned) > weightOf(known)) merged.set(key, learned);
    }
  return [...merged.values()];
}

function keyOf(learned: Learned): string {
  switch (learned.kind) {
    case 'operation': {
      const { namespace, service, port, saved } = learned;
      return JSON.stringify([namespace, service, port, saved.method, saved.name, saved.segments]);
    }
    case 'protocol':
      return `protocol ${learned.destination}`;
    case 'baseline':
      return `baseline ${learned.settings} ${learned.numbers[HIGH]} ${learned.numbers[LOW]}`;
  }
}

function weightOf(learned: Learned): number {
  switch (learned.kind) {
    case 'operation':
      return learned.saved.seen;
    case 'protocol':
      return learned.connections;
    case 'baseline':
      return learned.numbers[REQUESTS] ?? 0;
  }
}

/** As `Enumeration.save` orders them. */
const HIGH = 0;
const LOW = 1;
const REQUESTS = 4;
