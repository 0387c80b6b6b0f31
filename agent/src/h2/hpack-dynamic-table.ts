import { FIELD_OVERHEAD } from './field-list.ts';

const FIRST_SLOTS = 16;

/**
 * The decoder's dynamic table (RFC 7541 §2.3.2): a ring in parallel arrays whose length is a power of two. An entry
 * keeps its decoded strings, so a field that repeats costs no string after its first time.
 */
export class DynamicTable {
  count = 0;
  size = 0;
  maxSize: number;
  private next = 0;
  private names: string[] = [];
  private values: string[] = [];
  private marks: number[] = [];

  constructor(maxSize: number) {
    this.maxSize = maxSize;
  }

  // `age` counts from the newest entry, 0, and is below `count`.
  name(age: number): string {
    return this.names[this.slot(age)] as string;
  }

  value(age: number): string {
    return this.values[this.slot(age)] as string;
  }

  mark(age: number): number {
    return this.marks[this.slot(age)] as number;
  }

  insert(name: string, value: string, mark: number): void {
    const size = name.length + value.length + FIELD_OVERHEAD;
    this.evictTo(this.maxSize - size);
    // RFC 7541 §4.4: an entry larger than the table empties it and is no error.
    if (size > this.maxSize) return;
    if (this.count === this.names.length) this.grow();
    this.names[this.next] = name;
    this.values[this.next] = value;
    this.marks[this.next] = mark;
    this.next = (this.next + 1) & (this.names.length - 1);
    this.count++;
    this.size += size;
  }

  resize(maxSize: number): void {
    this.maxSize = maxSize;
    this.evictTo(maxSize);
  }

  private slot(age: number): number {
    return (this.next - 1 - age) & (this.names.length - 1);
  }

  private evictTo(size: number): void {
    while (this.count > 0 && this.size > size) {
      const oldest = this.slot(this.count - 1);
      this.size -= (this.names[oldest] as string).length + (this.values[oldest] as string).length;
      this.size -= FIELD_OVERHEAD;
      this.names[oldest] = '';
      this.values[oldest] = '';
      this.count--;
    }
  }

  private grow(): void {
    const slots = Math.max(FIRST_SLOTS, this.names.length * 2);
    const ages = Array.from({ length: this.count }, (_, at) => this.count - 1 - at);
    const names = ages.map((age) => this.name(age));
    const values = ages.map((age) => this.value(age));
    const marks = ages.map((age) => this.mark(age));
    const free = slots - this.count;
    this.names = names.concat(new Array<string>(free).fill(''));
    this.values = values.concat(new Array<string>(free).fill(''));
    this.marks = marks.concat(new Array<number>(free).fill(0));
    this.next = this.count;
  }
}
