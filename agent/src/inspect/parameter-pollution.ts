import type { FoundId } from './id-collector.ts';
import { type PlaceTable, ROOT } from './place-table.ts';
import { ANY_TYPE } from './type-table.ts';

/** Ids of one request that are compared with each other. */
const MAX_COMPARED = 32;

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
  // No typed arrays: every connection has these, and most have one id per request, if any.
  readonly #positions: number[] = [];
  readonly #entities: number[] = [];
  readonly #hashes1: number[] = [];
  readonly #hashes2: number[] = [];

  constructor(places: PlaceTable) {
    this.#places = places;
  }

  begin(): void {
    this.kind = POLLUTION.none;
    this.#count = 0;
  }

  add(id: FoundId): void {
    if (this.kind !== POLLUTION.none || this.#count === MAX_COMPARED || !this.#isOne(id.position)) return;
    for (let at = 0; at < this.#count; at++) if (this.#compare(at, id)) return;
    const at = this.#count++;
    this.#positions[at] = id.position;
    this.#entities[at] = id.entity;
    this.#hashes1[at] = id.h1;
    this.#hashes2[at] = id.h2;
  }

  #compare(at: number, id: FoundId): boolean {
    const samePlace = this.#positions[at] === id.position;
    if (!samePlace && (this.#entities[at] !== id.entity || id.entity <= ANY_TYPE)) return false;
    if (this.#hashes1[at] === id.h1 && this.#hashes2[at] === id.h2) return false;
    this.kind = samePlace ? POLLUTION.repeated : POLLUTION.contradicting;
    this.first = this.#positions[at] as number;
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
