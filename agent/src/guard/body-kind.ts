import type { Coding } from '../kernel/inflate.ts';

/** How a body is read. */
export type BodyKind = 'json' | 'graphql' | 'form' | 'grpc' | 'protobuf';

const KINDS: ReadonlyMap<string, BodyKind> = new Map([
  ['application/json', 'json'],
  ['text/json', 'json'],
  ['application/graphql+json', 'graphql'],
  ['application/x-www-form-urlencoded', 'form'],
  ['application/grpc', 'grpc'],
  ['application/grpc+proto', 'grpc'],
  ['application/grpc-web', 'grpc'],
  ['application/grpc-web+proto', 'grpc'],
  ['application/protobuf', 'protobuf'],
  ['application/x-protobuf', 'protobuf'],
  ['application/vnd.google.protobuf', 'protobuf'],
]);

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
]);

/** Types as they are sent, with their parameters: a server has a handful. More are looked at each time. */
const MAX_SEEN = 256;
/** Characters; most have less than 40. */
const MAX_SEEN_LENGTH = 128;
const SEEN = new Map<string, BodyKind | null>();

/** Null for what has no ids that we could find. */
export function bodyKind(contentType: string): BodyKind | null {
  const seen = SEEN.get(contentType);
  if (seen !== undefined) return seen;
  const kind = kindOf(contentType);
  if (SEEN.size < MAX_SEEN && contentType.length <= MAX_SEEN_LENGTH) SEEN.set(contentType, kind);
  return kind;
}

function kindOf(contentType: string): BodyKind | null {
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  return KINDS.get(type) ?? (type.endsWith('+json') ? 'json' : null);
}

/** Requests in JSON to such a path are GraphQL's. */
export const isGraphql = (path: string): boolean => path.endsWith('/graphql');

/** Null for a body that is as it is; `unknown` for a coding, or several of them, that nobody undoes here. */
export function codingOf(contentEncoding: string): Coding | 'unknown' | null {
  if (contentEncoding === '') return null;
  const name = contentEncoding.trim().toLowerCase();
  return name === 'identity' ? null : (CODINGS.get(name) ?? 'unknown');
}
