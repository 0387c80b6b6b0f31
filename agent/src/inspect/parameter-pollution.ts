import type { FoundId } from './id-collector.ts';
import { type PlaceTable, ROOT } from './place-table.ts';
import { ANY_TYPE } from './type-table.ts';

/** Ids of one request that are compared with each other. */
const MAX_COMPARED = 32;
const FIELDS = 4;

export const POLLUTION = {
  none: 0,
  /** One parameter is there twice, with different values. */
  repeated: 1,
  /** Two places name an object of one kind, and name different ones. */
  contradicting: 2,
} as const;
export type Pollution = (typeof POLLUTION)[keyof typeof POLLUTION];

/**
 * Tells when one request names one object in two ways: `/orders/17?orderId=18`, `?id=1&id=2`, `PUT /orders/17` with
 * `{"id": 18}`. Lists and what is deeper in a body are meant to have different ids and are not compared. Whether it
 * is an attack depends on the operation: adding user 7 as a friend to `/users/5` contradicts itself all the time.
 */
export class ParameterPollution {
  kind: Pollution = POLLUTION.none;
  /** The two places. */
  first = 0;
  second = 0;
  readonly #places: PlaceTable;
  #count = 0;
  // One array, and no typed one: every connection has it, and most have one id per request, if any. Of each id its place,
  // its entity and both halves of its hash.
  readonly #ids: number[] = [];

  constructor(places: PlaceTable) {
    this.#places = places;
  }

  begin(): void {
    this.kind = POLLUTION.none;
    this.#count = 0;
  }

  add(id: FoundId): void {
    if (this.kind !== POLLUTION.none || this.#count === MAX_COMPARED || !this.#isOne(id.position)) return;
    for (let number = 0; number < this.#count; number++) if (this.#compare(number, id)) return;
    const at = FIELDS * this.#count++;
    this.#ids[at] = id.position;
    this.#ids[at + 1] = id.entity;
    this.#ids[at + 2] = id.h1;
    this.#ids[at + 3] = id.h2;
  }

  #compare(number: number, id: FoundId): boolean {
    const at = FIELDS * number;
    const position = this.#ids[at] as number;
    const samePlace = position === id.position;
    if (!samePlace && (this.#ids[at + 1] !== id.entity || id.entity <= ANY_TYPE)) return false;
    if (this.#ids[at + 2] === id.h1 && this.#ids[at + 3] === id.h2) return false;
    this.kind = samePlace ? POLLUTION.repeated : POLLUTION.contradicting;
    this.first = position;
    this.second = id.position;
    return true;
  }

  /** Whether the place is one of the request's own parameters, of which there is one. */
  #isOne(position: number): boolean {
    if (position === ROOT.other || position === ROOT.location || this.#places.isMany(position)) return false;
    const root = this.#places.rootOf(position);
    if (root === ROOT.protobuf) return false;
    const depth = this.#places.depthOf(position);
    return depth === 1 || (root === ROOT.graphql && depth === 2);
  }
}
