import { ascii, utf8 } from '../kernel/bytes.ts';
import { HeldBytes } from '../kernel/held-bytes.ts';
import { type GraphqlQuery, graphqlQuery } from './graphql-arguments.ts';
import {
  type FoundId,
  type IdCollector,
  type IdSink,
  type LearntPlaces,
  NO_SINK,
  VERDICT,
  type Verdict,
} from './id-collector.ts';
import type { TextTaker } from './json-partial.ts';
import { JsonScanner, type JsonStatus } from './json-scanner.ts';
import { unescapeJson } from './json-text.ts';
import { INSPECT_LIMITS } from './limits.ts';
import { NAME } from './name-facts.ts';
import { INHERITED } from './name-table.ts';
import { ROOT } from './place-table.ts';
import { subjectOf } from './subject.ts';
import { ANY_TYPE } from './type-table.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * Reads ids out of a GraphQL request in JSON: its variables, and the simple arguments in the text of its query. What a
 * variable is an id of shows in the text, which may come after it, so the body is read when all of it is there: the
 * text first, then the variables.
 */
export class GraphqlReader implements TextTaker, LearntPlaces {
  /** Of the last request: for telling its operation from others at the same path. */
  operationName = '';
  /** The end of its text was not looked at. */
  queryTooLong = false;
  readonly #vocabulary: Vocabulary;
  readonly #collector: IdCollector;
  readonly #scanner: JsonScanner;
  readonly #queryName: number;
  readonly #operationName: number;
  readonly #variablesName: number;
  readonly #held = new HeldBytes();
  /** The text of the query as it is in the document, and without JSON's escapes. */
  readonly #query = new Uint8Array(INSPECT_LIMITS.queryText);
  readonly #unescaped = new Uint8Array(INSPECT_LIMITS.queryText);
  #queryLength = 0;
  /** The name of the string that is being taken. */
  #taking = 0;
  /** Places of variables that the text says are ids, with their types. */
  readonly #variables = new Map<number, number>();
  #sink = NO_SINK;
  #learnt: LearntPlaces | null = null;
  #type = ANY_TYPE;

  constructor(vocabulary: Vocabulary, collector: IdCollector) {
    this.#vocabulary = vocabulary;
    this.#collector = collector;
    this.#scanner = new JsonScanner(vocabulary, collector);
    this.#queryName = this.#numberOf('query');
    this.#operationName = this.#numberOf('operationName');
    this.#variablesName = this.#numberOf('variables');
  }

  /** `type` is that of a plain `id` where neither the text nor the operation's name says it. */
  begin(sink: IdSink, learnt: LearntPlaces | null, type: number): void {
    this.#sink = sink;
    this.#learnt = learnt;
    this.#type = type;
    this.#held.take();
    this.operationName = '';
    this.queryTooLong = false;
  }

  feed(bytes: Uint8Array, start: number, end: number): void {
    this.#held.append(bytes, start, end);
  }

  /** No more comes: here the ids are found. */
  end(): JsonStatus {
    const body = this.#held.take();
    this.#readText(body);
    if (this.#scanner.status !== 'closed') return this.#scanner.status;
    this.#readVariables(body);
    return this.#scanner.status;
  }

  #readText(body: Uint8Array): void {
    this.#queryLength = 0;
    this.#collector.begin(NO_SINK, null);
    this.#scanner.passedTo = this;
    this.#scan(body, ANY_TYPE);
    this.#scanner.passedTo = null;
  }

  #readVariables(body: Uint8Array): void {
    const length = unescapeJson(this.#query, 0, this.#queryLength, this.#unescaped);
    const query = graphqlQuery(ascii(this.#unescaped, 0, Math.max(0, length)));
    if (this.operationName === '') this.operationName = query.operationName;
    const subject = subjectOf(this.operationName);
    const type = subject === '' ? this.#type : this.#vocabulary.types.intern(subject);
    this.#collector.begin(this.#sink, this);
    this.#readArguments(query);
    this.#scan(body, type);
  }

  #scan(body: Uint8Array, type: number): void {
    this.#scanner.begin(ROOT.graphql, type);
    this.#scanner.feed(body, 0, body.length);
    this.#scanner.end();
  }

  #readArguments(query: GraphqlQuery): void {
    const { names, places } = this.#vocabulary;
    const variables = places.child(ROOT.graphql, this.#variablesName);
    const collector = this.#collector;
    this.#variables.clear();
    for (const argument of query.arguments) {
      const name = this.#numberOf(argument.name);
      const field = this.#numberOf(argument.field);
      const type = this.#typeOf(argument.field, name);
      if (argument.isVariable) {
        if (names.kinds[name] === NAME.id)
          this.#variables.set(places.child(variables, this.#numberOf(argument.value)), type);
        continue;
      }
      collector.name = name;
      collector.place = places.child(places.child(ROOT.graphql, field), name);
      collector.contextType = type;
      collector.contextEntity = type;
      const value = utf8(argument.value);
      collector.consider(value, 0, value.length);
    }
  }

  #typeOf(field: string, name: number): number {
    const { names, types } = this.#vocabulary;
    if (names.types[name] !== INHERITED) return names.types[name] as number;
    const subject = subjectOf(field);
    return subject === '' ? ANY_TYPE : types.intern(subject);
  }

  #numberOf(name: string): number {
    const bytes = utf8(name);
    return this.#vocabulary.names.find(bytes, 0, bytes.length);
  }

  // === TextTaker ===

  wants(name: number): boolean {
    this.#taking = name;
    return name === this.#queryName || name === this.#operationName;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const room = this.#query.length - this.#queryLength;
    if (end - start > room) this.queryTooLong = true;
    const stop = Math.min(end, start + room);
    if (this.#taking === this.#operationName)
      this.operationName += ascii(bytes, start, Math.min(stop, start + 128));
    else for (let at = start; at < stop; at++) this.#query[this.#queryLength++] = bytes[at] as number;
  }

  // === LearntPlaces: what the text says goes before what was learnt ===

  verdict(position: number): Verdict {
    if (this.#variables.has(position)) return VERDICT.id;
    return this.#learnt?.verdict(position) ?? VERDICT.unknown;
  }

  typeAt(position: number): number {
    return this.#variables.get(position) ?? this.#learnt?.typeAt(position) ?? ANY_TYPE;
  }

  observe(value: FoundId): void {
    this.#learnt?.observe(value);
  }
}
