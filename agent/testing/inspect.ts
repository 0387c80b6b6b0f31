import { type FoundId, IdCollector, type IdSink, type LearntPlaces } from '../src/inspect/id-collector.ts';
import { FORM } from '../src/inspect/id-form.ts';
import { Vocabulary } from '../src/inspect/vocabulary.ts';

export const SEED = { seed1: 0x12345678, seed2: 0x9abcdef0 };

/** What a reader found, without tables and numbers. */
export interface SeenId {
  readonly position: string;
  /** Empty for values that are told apart by themselves. */
  readonly type: string;
  readonly entity: string;
  readonly form: string;
  readonly hash: string;
  readonly numeric: number;
}

/** A collector that keeps what it is given. */
export class IdNotes implements IdSink {
  readonly vocabulary = new Vocabulary();
  readonly collector = new IdCollector(this.vocabulary, SEED);
  ids: SeenId[] = [];

  take(id: FoundId): void {
    const { types, places } = this.vocabulary;
    this.ids.push({
      position: places.describe(id.position),
      type: types.nameOf(id.idType),
      entity: types.nameOf(id.entity),
      form: Object.keys(FORM)[id.form] ?? '',
      hash: `${id.h1} ${id.h2}`,
      numeric: id.numeric,
    });
  }

  begin(learnt: LearntPlaces | null = null): this {
    this.ids = [];
    this.collector.begin(this, learnt);
    return this;
  }

  // `/items/*/id order`, one line per id.
  get lines(): string[] {
    return this.ids.map(({ position, type, form }) => `${position} ${type === '' ? form : type}`);
  }
}

/** Feeds pieces as a socket does: each in the middle of a larger buffer that is wiped afterwards. */
export function feedPieces(
  pieces: readonly Uint8Array[],
  feed: (bytes: Uint8Array, start: number, end: number) => void,
): void {
  for (const piece of pieces) {
    const memory = new Uint8Array(piece.length + 14).fill(0x22);
    memory.set(piece, 7);
    feed(memory, 7, 7 + piece.length);
    memory.fill(0);
  }
}
