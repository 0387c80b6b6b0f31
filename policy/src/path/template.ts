import { err, ok, type Result } from '../model/result.ts';
import { canonicalPath } from './canonical.ts';
import { SEGMENT_TYPES, type SegmentType } from './segment-type.ts';

export const TEMPLATE_LIMITS = {
  /** Characters of a template. */
  length: 512,
  /** Segments of a template, `**` not counted. */
  segments: 32,
  /** Characters of a parameter's name. */
  name: 64,
} as const;

export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  /** `type` null takes any one non-empty segment. */
  | { readonly kind: 'parameter'; readonly name: string; readonly type: SegmentType | null };

/** A path pattern: `/orders/{id:int}/items`, `/files/**`. */
export interface Template {
  readonly source: string;
  /** An empty literal stands last for a trailing slash: `/a/` is `a` and an empty segment. */
  readonly segments: readonly Segment[];
  /** Ends in `/**`: zero or more further segments, so `/files/**` takes `/files`, `/files/` and `/files/a/b`. */
  readonly open: boolean;
}

/** `column` counts characters from 1. */
export interface TemplateProblem {
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

/** Reads a template; anything that could be misread, or could never match a canonical path, is a problem. */
export function parseTemplate(source: string): Result<Template, TemplateProblem> {
  if (source.length > TEMPLATE_LIMITS.length)
    return problem(TEMPLATE_LIMITS.length + 1, `longer than ${TEMPLATE_LIMITS.length} characters`);
  if (!source.startsWith('/')) return problem(1, 'must begin with `/`');
  const open = source.endsWith('/**');
  const body = open ? source.slice(0, -3) : source;
  const texts = open && body === '' ? [] : body.slice(1).split('/');
  if (texts.length > TEMPLATE_LIMITS.segments)
    return problem(source.length, `more than ${TEMPLATE_LIMITS.segments} segments`);
  const segments: Segment[] = [];
  let column = 2;
  for (const [index, text] of texts.entries()) {
    const last = !open && index === texts.length - 1;
    const segment = parseSegment(text, { column, last, before: segments });
    if (!segment.ok) return segment;
    segments.push(segment.value);
    column += text.length + 1;
  }
  return ok({ source, segments, open });
}

interface Place {
  readonly column: number;
  readonly last: boolean;
  readonly before: readonly Segment[];
}

function parseSegment(text: string, place: Place): Result<Segment, TemplateProblem> {
  if (text === '' && !place.last)
    return problem(place.column, 'empty segment', 'write one `/` between segments');
  if (/[{}]/.test(text)) return parseParameter(text, place);
  return parseLiteral(text, place.column);
}

function parseLiteral(text: string, column: number): Result<Segment, TemplateProblem> {
  const star = text.indexOf('*');
  if (star >= 0)
    return problem(
      column + star,
      '`*` is no wildcard here',
      'write `{name}` for one segment, `/**` at the end for any number',
    );
  if (text === '') return ok({ kind: 'literal', text });
  const canonical = canonicalPath(`/${text}`);
  if (canonical === null)
    return problem(column, `\`${text}\` can be read in two ways, so no request path would match it`);
  if (canonical !== `/${text}`)
    return problem(column, `\`${text}\` is not in canonical form`, `write \`${canonical.slice(1)}\``);
  return ok({ kind: 'literal', text });
}

const PARAMETER = /^\{([^{}:]*)(?::([^{}]*))?\}$/;
const NAME = new RegExp(`^[A-Za-z_][A-Za-z0-9_-]{0,${TEMPLATE_LIMITS.name - 1}}$`);

function parseParameter(text: string, { column, before }: Place): Result<Segment, TemplateProblem> {
  const [whole, name = '', type] = PARAMETER.exec(text) ?? [];
  if (whole === undefined)
    return problem(
      column + text.search(/[{}]/),
      `\`${text}\` mixes text and a parameter`,
      'a parameter is a whole segment: `/{name}/` or `/{name:type}/`',
    );
  if (!NAME.test(name))
    return problem(
      column + 1,
      `\`${name}\` is no parameter name`,
      'a letter or `_`, then letters, digits, `_` and `-`',
    );
  if (type !== undefined && !isSegmentType(type))
    return problem(
      column + name.length + 2,
      `unknown type \`${type}\``,
      `the types are ${Object.keys(SEGMENT_TYPES).join(', ')}`,
    );
  if (before.some((segment) => segment.kind === 'parameter' && segment.name === name))
    return problem(column + 1, `parameter \`${name}\` is there twice`);
  return ok({ kind: 'parameter', name, type: type ?? null });
}

function isSegmentType(text: string): text is SegmentType {
  return Object.hasOwn(SEGMENT_TYPES, text);
}

function problem(column: number, message: string, hint?: string) {
  return err<TemplateProblem>(hint === undefined ? { column, message } : { column, message, hint });
}
