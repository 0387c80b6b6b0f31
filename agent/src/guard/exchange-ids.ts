import type { RequestView, ResponseView } from '../exchange/watch.ts';
import type { FoundId, IdSink, LearntPlaces } from '../inspect/id-collector.ts';
import { ParameterPollution } from '../inspect/parameter-pollution.ts';
import type { PositionLearner } from '../inspect/position-learner.ts';
import { bodyKind, codingOf, isGraphql } from './body-kind.ts';
import type { BodyOutcome, BodyReader } from './body-reader.ts';
import type { IdReader, ReadOperation } from './id-reader.ts';

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
  #requestBody: BodyReader | null = null;
  #responseBody: BodyReader | null = null;

  constructor(reader: IdReader, sink: ExchangeIdSink) {
    this.#reader = reader;
    this.pollution = new ParameterPollution(reader.vocabulary.places);
    this.#operation = reader.about(null);
    this.#requested = new RequestedIds(reader.learner, this.pollution, sink);
    this.#received = new ReceivedIds(sink);
  }

  /** Finds those of the target. */
  request(view: RequestView, operation: ReadOperation): void {
    this.#operation = operation;
    this.shape = 0;
    this.operationName = '';
    this.pollution.begin();
    this.#reader.readTarget({ path: view.path, query: view.query() }, operation, this.#requested);
  }

  /** Whether the request's body is to be shown here; asked at most once, when there is one. */
  wantsRequestBody(view: RequestView): boolean {
    this.#requestBody = this.#begin(view, {
      counts: this.#reader.requestBodies,
      sink: this.#requested,
      learnt: null,
      graphql: isGraphql(view.path),
    });
    return this.#requestBody !== null;
  }

  /** True when enough was seen. */
  requestBody(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#requestBody?.feed(bytes, start, end) ?? true;
  }

  requestBodyEnd(complete: boolean): void {
    const body = this.#requestBody;
    if (body === null) return;
    this.#requestBody = null;
    this.#reader.requestBodies[body.end(complete)]++;
    this.operationName = body.operationName;
    this.#reader.giveBack(body);
  }

  /** Finds the one of `Location`; whether the body is to be shown here. */
  response(view: ResponseView): boolean {
    if (view.status < 200 || view.status >= 400) return false;
    const location = view.location();
    if (location !== '') this.#reader.readLocation(location, this.#received);
    if (view.status >= 300) return false;
    this.#responseBody = this.#begin(view, {
      counts: this.#reader.responseBodies,
      sink: this.#received,
      learnt: this.#reader.learner,
      graphql: false,
    });
    return this.#responseBody !== null;
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
    if (body === null) return;
    this.#responseBody = null;
    this.#reader.learner.use(this.#operation.number);
    this.#reader.responseBodies[body.end(complete)]++;
    this.shape = body.shape;
    this.#reader.giveBack(body);
  }

  #begin(view: Pick<RequestView, 'contentType' | 'contentEncoding'>, how: Begin): BodyReader | null {
    const { counts, sink, learnt, graphql } = how;
    const found = bodyKind(view.contentType());
    const kind = found === 'json' && graphql ? 'graphql' : found;
    const coding = codingOf(view.contentEncoding());
    const body = kind === null || coding === 'unknown' ? null : this.#reader.takeReader();
    if (kind === null) counts.other_type++;
    else if (coding === 'unknown') counts.encoding++;
    else if (body === null) counts.busy++;
    else
      body.begin({
        kind,
        coding,
        operation: this.#operation.names,
        sink,
        learnt,
        alsoOwn: learnt === null,
      });
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
