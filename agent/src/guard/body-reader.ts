import { GraphqlReader } from '../inspect/graphql-reader.ts';
import { GrpcMessages } from '../inspect/grpc-messages.ts';
import { IdCollector, type IdSink, type LearntPlaces } from '../inspect/id-collector.ts';
import { JsonScanner, type JsonStatus } from '../inspect/json-scanner.ts';
import { INSPECT_LIMITS } from '../inspect/limits.ts';
import type { OperationNames } from '../inspect/operation-names.ts';
import { PairReader } from '../inspect/pair-reader.ts';
import { ROOT } from '../inspect/place-table.ts';
import { ProtobufReader } from '../inspect/protobuf-reader.ts';
import type { Vocabulary } from '../inspect/vocabulary.ts';
import { HeldBytes } from '../kernel/held-bytes.ts';
import type { Coding, Inflate } from '../kernel/inflate.ts';
import type { BodyOutcome } from '../record/id-counts.ts';
import type { BodyKind } from './body-kind.ts';

export interface Body {
  readonly kind: BodyKind;
  readonly coding: Coding | null;
  readonly operation: OperationNames;
  readonly sink: IdSink;
  readonly learnt: LearntPlaces | null;
  /** Ids come with their hash as of `OWN_TYPE`. */
  readonly alsoOwn: boolean;
}

export interface BodyReaderOptions {
  readonly vocabulary: Vocabulary;
  readonly seed: { readonly seed1: number; readonly seed2: number };
  readonly inflate: Inflate;
}

/** Reads the ids of one body after the other, whatever its type. Keeps its tables: it is meant to be used again. */
export class BodyReader {
  /** Of the last body, where it was a document; else 0. */
  shape = 0;
  /** Of the last body, where it was a GraphQL request; else empty. */
  operationName = '';
  readonly #inflate: Inflate;
  readonly #vocabulary: Vocabulary;
  readonly #collector: IdCollector;
  readonly #json: JsonScanner;
  readonly #pairs: PairReader;
  /** Few need it, and it is large. */
  #graphql: GraphqlReader | null = null;
  readonly #protobuf: ProtobufReader;
  #grpc: GrpcMessages | null = null;
  /** A body that can't be read before all of it is there. */
  readonly #held = new HeldBytes();
  #body: Body | null = null;
  /** Bytes that are still read. */
  #left = 0;
  /** There were more. */
  #overran = false;
  #outcome: BodyOutcome = 'read';

  constructor({ vocabulary, seed, inflate }: BodyReaderOptions) {
    this.#inflate = inflate;
    this.#collector = new IdCollector(vocabulary, seed);
    this.#json = new JsonScanner(vocabulary, this.#collector);
    this.#pairs = new PairReader(vocabulary, this.#collector);
    this.#vocabulary = vocabulary;
    this.#protobuf = new ProtobufReader(vocabulary, this.#collector);
  }

  /** A stream of messages of which none is half read. */
  get isBetweenMessages(): boolean {
    return this.#body?.coding === null && this.#grpc?.isBetween === true;
  }

  begin(body: Body): void {
    this.#body = body;
    this.#left = INSPECT_LIMITS.messageBytes;
    this.#overran = false;
    this.#outcome = 'read';
    if (this.#held.length > 0) this.#held.take();
    this.shape = 0;
    this.operationName = '';
    const { kind, operation } = body;
    this.#collector.alsoOwn = body.alsoOwn;
    this.#collector.begin(body.sink, body.learnt);
    if (kind === 'json') this.#json.begin(ROOT.body, operation.type);
    else if (kind === 'form') this.#pairs.begin(ROOT.form, operation.type);
    else if (kind === 'graphql') {
      this.#graphql ??= new GraphqlReader(this.#vocabulary, this.#collector);
      this.#graphql.begin(body.sink, body.learnt, operation.type);
    } else if (kind === 'grpc') this.#grpc = this.#messagesOf(body);
  }

  /** True when enough was seen. */
  feed(bytes: Uint8Array, start: number, end: number): boolean {
    const body = this.#body;
    if (body === null || this.#overran) return true;
    const stop = this.#within(body, start, end);
    if (body.coding !== null) this.#held.append(bytes, start, stop);
    else this.#read(body, bytes, start, stop);
    if (stop < end) {
      this.#overran = true;
      this.#outcome = 'too_large';
    }
    return (
      this.#overran ||
      (body.kind === 'json' && this.#json.status !== 'open' && this.#json.status !== 'closed')
    );
  }

  /** `complete`: all of the body was fed. */
  end(complete: boolean): BodyOutcome {
    const body = this.#body;
    if (body === null) return 'read';
    this.#body = null;
    if (body.coding !== null && !this.#overran) this.#inflated(body, body.coding);
    if (this.#outcome === 'read' && !complete) this.#outcome = 'incomplete';
    this.#finish(body);
    return this.#outcome;
  }

  /** What comes of it is not read any more, nor what was cut off: half a number is another one. */
  abandon(): void {
    this.#body = null;
    this.#grpc = null;
    if (this.#held.length > 0) this.#held.take();
  }

  /** A stream of messages has no bound of its own: each of them has. */
  #within({ kind, coding }: Body, start: number, end: number): number {
    if (kind === 'grpc' && coding === null) return end;
    const stop = Math.min(end, start + this.#left);
    this.#left -= stop - start;
    return stop;
  }

  #read({ kind }: Body, bytes: Uint8Array, start: number, end: number): void {
    if (kind === 'json') this.#json.feed(bytes, start, end);
    else if (kind === 'form') this.#pairs.feed(bytes, start, end);
    else if (kind === 'graphql') this.#graphql?.feed(bytes, start, end);
    else if (kind === 'grpc') this.#grpc?.feed(bytes, start, end);
    else this.#held.append(bytes, start, end);
  }

  #inflated(body: Body, coding: Coding): void {
    const packed = this.#held.take();
    const bytes = this.#inflate(packed, coding, INSPECT_LIMITS.messageBytes);
    if (typeof bytes === 'string') this.#outcome = bytes === 'too_large' ? bytes : 'unreadable';
    else this.#read(body, bytes, 0, bytes.length);
  }

  #finish({ kind, operation }: Body): void {
    if (kind === 'json') {
      this.#json.end();
      this.#judge(this.#json.status);
      this.shape = this.#outcome === 'read' ? this.#json.shape : 0;
    } else if (kind === 'form') this.#pairs.end();
    else if (kind === 'graphql') {
      if (this.#graphql !== null) this.#judge(this.#graphql.end());
      this.operationName = this.#graphql?.operationName ?? '';
    } else if (kind === 'protobuf') {
      const bytes = this.#held.take();
      if (this.#outcome === 'read')
        this.#unreadableUnless(this.#protobuf.read(bytes, { start: 0, end: bytes.length }, operation));
    }
    this.#grpc = null;
  }

  #judge(status: JsonStatus): void {
    this.#unreadableUnless(status === 'closed' || status === 'full');
    if (status === 'full' && this.#outcome === 'read') this.#outcome = 'too_large';
  }

  #unreadableUnless(readable: boolean): void {
    if (!readable && this.#outcome === 'read') this.#outcome = 'unreadable';
  }

  /** The bounds of a message hold for each of them. */
  #messagesOf({ operation, sink, learnt }: Body): GrpcMessages {
    return new GrpcMessages({
      message: (bytes, start, end) => {
        this.#collector.begin(sink, learnt);
        this.#unreadableUnless(this.#protobuf.read(bytes, { start, end }, operation));
      },
      skipped: (why) => {
        if (this.#outcome === 'read') this.#outcome = why === 'compressed' ? 'encoding' : why;
      },
    });
  }
}
