/** RFC 7541 §4.1: what an entry counts beyond its name and value. */
export const FIELD_OVERHEAD = 32;

/** The texts of a longer list are let go with it. */
const MAX_KEPT = 16_384;

/**
 * A decoded header list, as parallel arrays: one object serves a whole connection and is overwritten by the next
 * block. Names and values are latin1 text, one character per byte. `marks` holds a token and bits of `field-token.ts`.
 */
export class FieldList {
  length = 0;
  /** Size by RFC 7541 §4.1. */
  bytes = 0;
  readonly names: string[] = [];
  readonly values: string[] = [];
  readonly marks: number[] = [];

  clear(): void {
    if (this.bytes > MAX_KEPT) this.forget();
    this.length = 0;
    this.bytes = 0;
  }

  private forget(): void {
    this.names.length = 0;
    this.values.length = 0;
    this.marks.length = 0;
  }

  add(name: string, value: string, mark: number): void {
    const at = this.length++;
    this.names[at] = name;
    this.values[at] = value;
    this.marks[at] = mark;
    this.bytes += name.length + value.length + FIELD_OVERHEAD;
  }

  /** The first value of a field, by its lower-case name. */
  value(name: string): string | undefined {
    for (let at = 0; at < this.length; at++) if (this.names[at] === name) return this.values[at];
    return undefined;
  }

  /** Every value of a field, by its lower-case name. */
  all(name: string): string[] {
    const values: string[] = [];
    for (let at = 0; at < this.length; at++)
      if (this.names[at] === name) values.push(this.values[at] as string);
    return values;
  }
}
