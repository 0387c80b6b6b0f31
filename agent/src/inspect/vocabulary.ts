import { GapTable } from './gap-table.ts';
import { NameTable } from './name-table.ts';
import { PlaceTable } from './place-table.ts';
import { TypeTable } from './type-table.ts';

/** All that is remembered of the names in messages. Bounded; never a value. */
export class Vocabulary {
  readonly types = new TypeTable();
  readonly names = new NameTable(this.types);
  readonly places = new PlaceTable(this.names);
  readonly gaps = new GapTable();

  /** Names, places and types that there was no room for. */
  get overflowed(): number {
    return this.types.overflowed + this.names.overflowed + this.places.overflowed;
  }
}
