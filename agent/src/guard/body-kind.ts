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

/** Null for what has no ids that we could find. */
export function bodyKind(contentType: string): BodyKind | null {
  // As most senders write it: no string is made.
  const asSent = KINDS.get(contentType);
  if (asSent !== undefined) return asSent;
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
