import { EscapedValue } from './escaped-value.ts';
import type { IdCollector } from './id-collector.ts';
import { FORM, formOf, isOwnNamespace, MAX_ID_LENGTH } from './id-form.ts';
import { INHERITED } from './name-table.ts';
import type { OperationNames } from './operation-names.ts';
import { ROOT } from './place-table.ts';
import { ANY_TYPE } from './type-table.ts';
import type { Vocabulary } from './vocabulary.ts';

const SLASH = 0x2f;
/** Segments of a path that are looked at. */
const MAX_SEGMENTS = 64;

/** Reads ids out of paths. */
export class PathReader {
  readonly #vocabulary: Vocabulary;
  readonly #collector: IdCollector;
  readonly #segment = new EscapedValue(MAX_ID_LENGTH);

  constructor(vocabulary: Vocabulary, collector: IdCollector) {
    this.#vocabulary = vocabulary;
    this.#collector = collector;
  }

  /** The values of an operation's parameters, whatever they look like. `path` has no query. */
  read(path: string, { parameters }: OperationNames): void {
    let start = 1;
    let index = 0;
    for (const parameter of parameters) {
      for (; index < parameter.index; index++) {
        const slash = path.indexOf('/', start);
        if (slash < 0) return;
        start = slash + 1;
      }
      if (!this.#take(path, start, segmentEnd(path, start))) continue;
      this.#collector.place = this.#vocabulary.places.child(ROOT.path, parameter.index);
      this.#collector.contextType = parameter.type;
      this.#collector.contextEntity = parameter.entity;
      this.#collector.take(this.#segment.bytes, 0, this.#segment.length);
    }
  }

  /**
   * What a `Location` leads to: a path, or a whole URI. There is no operation to say which segments are parameters; those
   * that look like ids are, and the last one if it follows a word.
   */
  readLocation(location: string): void {
    const scheme = location.indexOf('://');
    const authority = scheme >= 0 ? scheme + 3 : location.startsWith('//') ? 2 : -1;
    const path = authority < 0 ? 0 : location.indexOf('/', authority);
    if (path < 0) return;
    const end = pathEnd(location, path);
    let type = INHERITED;
    let start = location.charCodeAt(path) === SLASH ? path + 1 : path;
    for (let count = 0; start < end && count < MAX_SEGMENTS; count++) {
      const next = Math.min(end, segmentEnd(location, start));
      type = this.#locationSegment(location, { start, end: next, last: next >= end - 1 }, type);
      start = next + 1;
    }
  }

  /** The type of the segment after it. */
  #locationSegment(
    text: string,
    segment: { start: number; end: number; last: boolean },
    type: number,
  ): number {
    if (!this.#take(text, segment.start, segment.end)) return INHERITED;
    const { bytes, length } = this.#segment;
    const form = formOf(bytes, 0, length);
    const collector = this.#collector;
    const named = type !== INHERITED;
    if (form === FORM.int || isOwnNamespace(form) || (segment.last && named && form === FORM.slug)) {
      collector.place = ROOT.location;
      collector.contextType = named ? type : ANY_TYPE;
      collector.contextEntity = collector.contextType;
      collector.take(bytes, 0, length);
      return INHERITED;
    }
    const { names } = this.#vocabulary;
    return names.insideOf(names.find(bytes, 0, length));
  }

  #take(text: string, start: number, end: number): boolean {
    this.#segment.clear();
    for (let at = start; at < end && !this.#segment.overflowed; at++) this.#segment.push(text.charCodeAt(at));
    return !this.#segment.overflowed && this.#segment.length > 0;
  }
}

function segmentEnd(text: string, start: number): number {
  const slash = text.indexOf('/', start);
  return slash < 0 ? text.length : slash;
}

function pathEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at++) if (text[at] === '?' || text[at] === '#') return at;
  return text.length;
}
