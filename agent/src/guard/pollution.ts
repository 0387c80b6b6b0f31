import { type ParameterPollution, POLLUTION } from '../inspect/parameter-pollution.ts';
import type { PlaceTable } from '../inspect/place-table.ts';
import type { Sight } from './sight.ts';

/** Requests of an operation before anything about it stands out. */
const LEAST_SEEN = 50;
/** An operation of which so many requests name objects in two ways is meant to be called so. */
const USUAL_SHARE = 0.02;
/** Operations whose habits are kept in mind; beyond that, all are learnt anew. */
const MAX_OPERATIONS = 10_000;
/** Halved from here on, so that an operation may change its habits. */
const MOST_SEEN = 10_000;

interface Habit {
  seen: number;
  polluted: number;
}

/**
 * Notices requests that name one object in two ways, where the operation is not usually called so: adding user 7 as a
 * friend of `/users/5` contradicts itself all the time, and `?id=1&id=2` may be a list.
 */
export class PollutionGuard {
  readonly #places: PlaceTable;
  readonly #habits = new Map<number, Habit>();

  constructor(places: PlaceTable) {
    this.#places = places;
  }

  /** One request of an operation, all of whose ids have been seen. */
  see(operation: number, { kind, first, second }: ParameterPollution): Sight | null {
    const habit = this.#habitOf(operation);
    habit.seen++;
    if (kind === POLLUTION.none) return null;
    const isUsual = habit.seen <= LEAST_SEEN || habit.polluted > USUAL_SHARE * habit.seen;
    habit.polluted++;
    if (isUsual) return null;
    const places = [first, second].map((place) => this.#places.describe(place));
    return {
      detection: 'parameter-pollution',
      explanation:
        kind === POLLUTION.repeated
          ? `one parameter is there twice with different values: ${places[0]}`
          : `${places[0]} and ${places[1]} name one object, and name different ones`,
      evidence: {
        requests: habit.seen,
        usualShare: Math.round((habit.polluted / habit.seen) * 1_000) / 1_000,
      },
    };
  }

  #habitOf(operation: number): Habit {
    let habit = this.#habits.get(operation);
    if (habit === undefined) {
      if (this.#habits.size >= MAX_OPERATIONS) this.#habits.clear();
      habit = { seen: 0, polluted: 0 };
      this.#habits.set(operation, habit);
    } else if (habit.seen >= MOST_SEEN) {
      habit.seen /= 2;
      habit.polluted /= 2;
    }
    return habit;
  }
}
