import type { Operation } from '@eastwall/policy';
import { IdCollector, type IdSink } from '../inspect/id-collector.ts';
import { NO_OPERATION, type OperationNames, operationNames } from '../inspect/operation-names.ts';
import { PairReader } from '../inspect/pair-reader.ts';
import { PathReader } from '../inspect/path-reader.ts';
import { ROOT } from '../inspect/place-table.ts';
import { PositionLearner } from '../inspect/position-learner.ts';
import { Vocabulary } from '../inspect/vocabulary.ts';
import type { Inflate } from '../kernel/inflate.ts';
import { textHash } from '../kernel/text-hash.ts';
import { BODY_OUTCOMES, type BodyOutcome, type IdCounts, zeroOf } from '../record/id-counts.ts';
import { ReaderPool } from './reader-pool.ts';

export interface IdReaderOptions {
  /** Agents that compare their ids have to share it; nobody else may know it. */
  readonly seed: { readonly seed1: number; readonly seed2: number };
  readonly inflate: Inflate;
}

/** What an operation is to readers. */
export interface ReadOperation {
  readonly names: OperationNames;
  /** Tells it from all others of this process. */
  readonly number: number;
  /** Tells it from others of its destination, in every process that has learnt it. */
  readonly key: number;
}

interface KnownOperation extends ReadOperation {
  readonly template: string;
}

const NO_READ_OPERATION: ReadOperation = { names: NO_OPERATION, number: 0, key: 0 };

/** Reads the ids of all exchanges of a process: what they share, and what is bounded for all of them together. */
export class IdReader {
  readonly vocabulary = new Vocabulary();
  readonly learner = new PositionLearner();
  /** What became of bodies, for saying how much of the traffic is covered. */
  readonly requestBodies: Record<BodyOutcome, number> = zeroOf(BODY_OUTCOMES);
  readonly responseBodies: Record<BodyOutcome, number> = zeroOf(BODY_OUTCOMES);
  readonly readers: ReaderPool;
  readonly #collector: IdCollector;
  readonly #path: PathReader;
  readonly #pairs: PairReader;
  readonly #operations = new WeakMap<Operation, KnownOperation>();
  // The one that was asked for last is mostly asked for again.
  #last: Operation | null = null;
  #lastKnown: KnownOperation | null = null;
  #lastNumber = 0;

  constructor(options: IdReaderOptions) {
    this.readers = new ReaderPool({ ...options, vocabulary: this.vocabulary });
    this.#collector = new IdCollector(this.vocabulary, options.seed);
    this.#collector.alsoOwn = true;
    this.#path = new PathReader(this.vocabulary, this.#collector);
    this.#pairs = new PairReader(this.vocabulary, this.#collector);
  }

  /** What the operation's path says about ids; null where it is not known yet. */
  about(operation: Operation | null): ReadOperation {
    if (operation === null) return NO_READ_OPERATION;
    const current = operation.mergedInto ?? operation;
    const known = current === this.#last ? this.#lastKnown : this.#operations.get(current);
    const { template, name } = current;
    if (known?.template === template) return this.#remember(current, known);
    const names = operationNames({ template, name }, this.vocabulary.types);
    const number = known?.number ?? ++this.#lastNumber;
    // What was usual for it still is when more of its path turns out to be an id.
    const key = known?.key ?? keyOf(current);
    const about = { template, names, number, key };
    this.#operations.set(current, about);
    return this.#remember(current, about);
  }

  /** The operation was known to a process before this one, by that key. */
  adopt(operation: Operation, key: number): void {
    if (this.#operations.has(operation)) return;
    const { names, number } = this.about(operation);
    this.#operations.set(operation, { template: operation.template, names, number, key });
    this.#last = null;
  }

  #remember(operation: Operation, known: KnownOperation): KnownOperation {
    this.#last = operation;
    this.#lastKnown = known;
    return known;
  }

  /** The ids in a request's target. */
  readTarget(target: { path: string; query: string }, { names }: ReadOperation, sink: IdSink): void {
    this.#collector.begin(sink, null);
    this.#path.read(target.path, names);
    if (target.query === '') return;
    this.#pairs.begin(ROOT.query, names.type);
    this.#pairs.feedText(target.query, 0, target.query.length);
    this.#pairs.end();
  }

  /** What became of bodies since the last call. */
  takeBodies(): Pick<IdCounts, 'requestBodies' | 'responseBodies'> {
    const taken = { requestBodies: { ...this.requestBodies }, responseBodies: { ...this.responseBodies } };
    Object.assign(this.requestBodies, zeroOf(BODY_OUTCOMES));
    Object.assign(this.responseBodies, zeroOf(BODY_OUTCOMES));
    return taken;
  }

  readLocation(location: string, sink: IdSink): void {
    this.#collector.begin(sink, null);
    this.#path.readLocation(location);
  }
}

const keyOf = ({ method, template, name }: Operation): number => textHash(`${method} ${template} ${name}`);
