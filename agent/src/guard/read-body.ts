import type { BodyOutcome } from '../record/id-counts.ts';
import type { Body, BodyReader } from './body-reader.ts';
import type { ReaderPool, ReaderUser } from './reader-pool.ts';

/** One body after the other, as it is read. */
export class ReadBody implements ReaderUser {
  pod = '';
  usedAt = 0;
  /** Of the last one, once it has ended: see `BodyReader`. */
  shape = 0;
  operationName = '';
  readonly #pool: ReaderPool;
  #body: Body | null = null;
  #reader: BodyReader | null = null;
  /** What became of it so far. */
  #outcome: BodyOutcome = 'read';

  constructor(pool: ReaderPool) {
    this.#pool = pool;
  }

  get isOpen(): boolean {
    return this.#body !== null;
  }

  begin(body: Body, pod: string): void {
    this.pod = pod;
    this.#body = body;
    this.#outcome = 'read';
    this.shape = 0;
    this.operationName = '';
    this.#resume(body);
  }

  /** True when enough was seen. */
  feed(bytes: Uint8Array, start: number, end: number): boolean {
    const body = this.#body;
    if (body === null || this.#outcome === 'busy') return true;
    const reader = this.#reader ?? this.#resume(body);
    this.usedAt = this.#pool.tick();
    return reader.feed(bytes, start, end);
  }

  /** `complete`: all of the body was fed. */
  end(complete: boolean): BodyOutcome {
    const reader = this.#reader;
    this.#body = null;
    this.#reader = null;
    if (reader === null) return this.#outcome;
    this.#note(reader.end(complete));
    this.shape = reader.shape;
    this.operationName = reader.operationName;
    this.#pool.giveBack(this, reader);
    return this.#outcome;
  }

  /** A stream goes on with another reader at its next message; the rest of any other body stays unread. */
  yieldReader(): BodyReader {
    const reader = this.#reader;
    if (reader === null) throw new Error('gives up a reader that it does not have');
    this.#reader = null;
    if (reader.isBetweenMessages) this.#note(reader.end(true));
    else {
      reader.abandon();
      this.#outcome = 'busy';
    }
    return reader;
  }

  #resume(body: Body): BodyReader {
    this.usedAt = this.#pool.tick();
    this.#reader = this.#pool.take(this);
    this.#reader.begin(body);
    return this.#reader;
  }

  #note(outcome: BodyOutcome): void {
    if (this.#outcome === 'read') this.#outcome = outcome;
  }
}
