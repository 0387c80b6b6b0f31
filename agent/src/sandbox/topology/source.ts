import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { messageOf } from '../../kernel/message-of.ts';
import { type Path, pathText, TopologyError, type TopologyProblem } from './problem.ts';

/** A value that knows where it was written. */
export interface Source {
  readonly value: unknown;
  /** The place of the value at `path`, or of the nearest thing around it that is there. */
  where(path: Path): string;
  /** Orders places; 0 where there is no text. */
  offset(path: Path): number;
}

export const inlineSource = (value: unknown): Source => ({
  value,
  where: (path) => (path.length === 0 ? 'topology' : pathText(path)),
  offset: () => 0,
});

/** The documents of a YAML (or JSON) text; throws a `TopologyError` when it is none. */
export function parseSources(text: string, file: string): Source[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const problems = documents.flatMap(({ errors }): TopologyProblem[] =>
    errors.map((error) => ({ where: place(error.pos[0]), message: lowerFirst(error.message) })),
  );
  if (problems.length > 0) throw new TopologyError(problems);
  return documents.map((document) => ({
    value: toValue(document, file),
    where: (path) => place(offsetOf(document, path)),
    offset: (path) => offsetOf(document, path),
  }));
}

/** Aliases are expanded here, and the library bounds how much may come of them. */
function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    throw new TopologyError([{ where: file, message: lowerFirst(messageOf(error)) }]);
  }
}

function offsetOf(document: Document, path: Path): number {
  const keys = path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  for (let depth = keys.length; depth >= 0; depth -= 1) {
    const offset = keyOffset(document, keys.slice(0, depth)) ?? nodeOffset(document, keys.slice(0, depth));
    if (offset !== undefined) return offset;
  }
  return 0;
}

/** For a member of a map the key is the better place to point at: the value may be empty or lines below. */
function keyOffset(document: Document, keys: readonly (string | number)[]): number | undefined {
  const last = keys.at(-1);
  const parent = keys.length === 1 ? document.contents : document.getIn(keys.slice(0, -1), true);
  if (typeof last !== 'string' || !isMap(parent)) return undefined;
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last);
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}

function nodeOffset(document: Document, keys: readonly (string | number)[]): number | undefined {
  const node = keys.length === 0 ? document.contents : document.getIn(keys, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

export const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
