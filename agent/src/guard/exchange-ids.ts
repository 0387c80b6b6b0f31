import type { RequestView, ResponseView } from '../exchange/watch.ts';
import type { FoundId, IdSink, LearntPlaces } from '../inspect/id-collector.ts';
import { ParameterPollution } from '../inspect/parameter-pollution.ts';
import type { PositionLearner } from '../inspect/position-learner.ts';
import type { BodyOutcome } from '../record/id-counts.ts';
import { bodyKind, codingOf, isGraphql } from './body-kind.ts';
import type { IdReader, ReadOperation } from './id-reader.ts';
import { ReadBody } from './read-body.ts';

/** Takes the ids of an exchange; each is valid during the call only. */
export interface ExchangeIdSink {
  /** The request asks with it. */
  requested(id: FoundId): void;
  /** The response shows it. */
  received(id: FoundId): void;
}

/**
 * Finds the ids of one exchange after the other. Only what succeeded counts as shown: an error may name the very id that
 * was guessed, and would explain the next guess.
 */
export class ExchangeIds {
  /** A hash of the names in the response's document; 0 where it was none. Valid after `end`. */
  shape = 0;
  /** Of a GraphQL request, once its body has ended; else empty. */
  operationName = '';
  /** Of the request, with its body as far as that was shown. */
  readonly pollution: ParameterPollution;
  readonly #reader: IdReader;
  readonly #requested: IdSink;
  readonly #received: IdSink;
  #operation: ReadOperation;
  /** Whose traffic it is. */
  #pod = '';
  // Made when there is one: most requests have none.
  #requestBody: ReadBody | null = null;
  #responseBody: ReadBody | null = null;

  constructor(reader: IdReader, sink: ExchangeIdSink) {
    this.#reader = reader;
    this.pollution = new ParameterPollution(reader.vocabulary.places);
    this.#operation = reader.about(null);
    this.#requested = new RequestedIds(reader.learner, this.pollution, sink);
    this.#received = new ReceivedIds(sink);
  }

  /** Finds those of the target. `pod` is whose traffic it is. */
  request(view: RequestView, operation: ReadOperation, pod: string): void {
    this.#operation = operation;
    this.#pod = pod;
    this.shape = 0;
    this.operationName = '';
    this.pollution.begin();
    this.#reader.readTarget({ path: view.path, query: view.query() }, operation, this.#requested);
  }

  /** Whether the request's body is to be shown here; asked at most once, when there is one. */
  wantsRequestBody(view: RequestView): boolean {
    const how = {
      counts: this.#reader.requestBodies,
      sink: this.#requested,
      learnt: null,
      graphql: isGraphql(view.path),
    };
    this.#requestBody = this.#begin(this.#requestBody, view, how);
    return this.#requestBody?.isOpen ?? false;
  }

  /** True when enough was seen. */
  requestBody(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#requestBody?.feed(bytes, start, end) ?? true;
  }

  requestBodyEnd(complete: boolean): void {
    const body = this.#requestBody;
    if (!body?.isOpen) return;
    this.#reader.requestBodies[body.end(complete)]++;
    this.operationName = body.operationName;
  }

  /** Finds the one of `Location`; whether the body is to be shown here. */
  response(view: ResponseView): boolean {
    if (view.status < 200 || view.status >= 400) return false;
    const location = view.location();
    if (location !== '') this.#reader.readLocation(location, this.#received);
    if (view.status >= 300) return false;
    const how = {
      counts: this.#reader.responseBodies,
      sink: this.#received,
      learnt: this.#reader.learner,
      graphql: false,
    };
    this.#responseBody = this.#begin(this.#responseBody, view, how);
    return this.#responseBody?.isOpen ?? false;
  }

  responseBody(bytes: Uint8Array, start: number, end: number): void {
    // The learner is everybody's: others may have used it since the last piece.
    this.#reader.learner.use(this.#operation.number);
    this.#responseBody?.feed(bytes, start, end);
  }

  /** The exchange has ended; `complete`: with all of the response. */
  end(complete: boolean): void {
    this.requestBodyEnd(false);
    const body = this.#responseBody;
    if (!body?.isOpen) return;
    this.#reader.learner.use(this.#operation.number);
    this.#reader.responseBodies[body.end(complete)]++;
    this.shape = body.shape;
  }

  #begin(
    used: ReadBody | null,
    view: Pick<RequestView, 'contentType' | 'contentEncoding'>,
    { counts, sink, learnt, graphql }: Begin,
  ): ReadBody | null {
    const found = bodyKind(view.contentType());
    const kind = found === 'json' && graphql ? 'graphql' : found;
    const coding = codingOf(view.contentEncoding());
    if (kind === null || coding === 'unknown') {
      counts[kind === null ? 'other_type' : 'encoding']++;
      return used;
    }
    const body = used ?? new ReadBody(this.#reader.readers);
    const { names } = this.#operation;
    body.begin({ kind, coding, operation: names, sink, learnt, alsoOwn: learnt === null }, this.#pod);
    return body;
  }
}

class RequestedIds implements IdSink {
  readonly #learner: PositionLearner;
  readonly #pollution: ParameterPollution;
  readonly #sink: ExchangeIdSink;

  constructor(learner: PositionLearner, pollution: ParameterPollution, sink: ExchangeIdSink) {
    this.#learner = learner;
    this.#pollution = pollution;
    this.#sink = sink;
  }

  take(id: FoundId): void {
    this.#learner.asked(id);
    this.#pollution.add(id);
    this.#sink.requested(id);
  }
}

class ReceivedIds implements IdSink {
  readonly #sink: ExchangeIdSink;

  constructor(sink: ExchangeIdSink) {
    this.#sink = sink;
  }

  take(id: FoundId): void {
    this.#sink.received(id);
  }
}

interface Begin {
  readonly counts: Record<BodyOutcome, number>;
  readonly sink: IdSink;
  /** Null for a request, which others learn from. */
  readonly learnt: LearntPlaces | null;
  readonly graphql: boolean;
}
