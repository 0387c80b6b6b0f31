import { hasHostAndPort, hasNoHost, isSameAuthority } from '../http/authority.ts';
import type { FieldList } from './field-list.ts';
import { BAD_NAME, BAD_VALUE, LAST_PSEUDO, SPACED_VALUE, TOKEN, TOKEN_BITS } from './field-token.ts';
import { type GrpcMethod, grpcMethodOf, isGrpc } from './grpc.ts';

/** Why a request is refused before any policy is asked. */
export const REQUEST_FAULTS = {
  bad_field_name: 'a field name is empty, upper-case or no token',
  bad_field_value: 'a field value holds NUL, CR or LF, or white space around it',
  connection_field: 'a field of HTTP/1.1 connection handling is present',
  misplaced_pseudo_field: 'a pseudo-field follows a field',
  repeated_pseudo_field: 'a pseudo-field is given more than once',
  unknown_pseudo_field: 'a pseudo-field is not one of a request',
  missing_pseudo_field: 'a pseudo-field that the method needs is missing, or one that it excludes is present',
  bad_method: 'the method is not a token',
  bad_scheme: 'the scheme is none',
  bad_path: 'the path is not in a known form or holds a control byte',
  bad_authority: 'the authority is not a host with an optional port, or for CONNECT with a port',
  host_mismatch: 'Host is repeated or differs from the authority',
  bad_content_length: 'Content-Length is repeated, not a number, or not the length of the content',
  too_many_streams: 'the connection has too many open streams',
} as const;
export type RequestFault = keyof typeof REQUEST_FAULTS;

/** One request as policy sees it. `fields` is only valid while the head is being judged. */
export class RequestHead {
  readonly streamId: number;
  /** No content follows. */
  readonly endsStream: boolean;
  readonly fields: FieldList;
  method = '';
  scheme = '';
  /** `:authority`, else Host; empty where neither names a host, which is the server's to serve or refuse (RFC 9112 §3.3). */
  authority = '';
  /** The request target with its query, as sent; empty for a plain CONNECT. */
  path = '';
  /** `:protocol` of an extended CONNECT (RFC 8441). */
  protocol = '';
  contentType = '';
  /** -1 when not given. */
  contentLength = -1;
  grpc: GrpcMethod | null = null;
  fault: RequestFault | null = null;

  constructor(streamId: number, endsStream: boolean, fields: FieldList) {
    this.streamId = streamId;
    this.endsStream = endsStream;
    this.fields = fields;
  }
}

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PLAIN_METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH']);
/** RFC 3986 §3.1. */
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
/** Twelve digits hold any real length and stay exact. */
const LENGTH = /^[0-9]{1,12}$/;
const NOT_HOST = /[@/?#\\]/;

/** Reads a request's header list by the rules of RFC 9113 §8.3.1; what is wrong is in `fault`. */
export function readRequestHead(fields: FieldList, streamId: number, endsStream: boolean): RequestHead {
  const head = new RequestHead(streamId, endsStream, fields);
  head.fault = readFields(head, fields) ?? pseudoFault(head);
  if (head.fault === null && isGrpc(head.contentType)) head.grpc = grpcMethodOf(head.path);
  return head;
}

/** Why these fields can't be the trailers of a request (RFC 9113 §8.1); null when they can. */
export function trailersFault(fields: FieldList): RequestFault | null {
  for (let at = 0; at < fields.length; at++) {
    const mark = fields.marks[at] as number;
    const fault = fieldFault(mark);
    if (fault !== null) return fault;
    if (isPseudo(mark)) return 'unknown_pseudo_field';
  }
  return null;
}

const isPseudo = (mark: number): boolean => (mark & TOKEN_BITS) - 1 < LAST_PSEUDO && (mark & TOKEN_BITS) > 0;

function fieldFault(mark: number): RequestFault | null {
  if (mark & BAD_NAME) return 'bad_field_name';
  if (mark & BAD_VALUE) return 'bad_field_value';
  return (mark & TOKEN_BITS) === TOKEN.connectionSpecific ? 'connection_field' : null;
}

function readFields(head: RequestHead, fields: FieldList): RequestFault | null {
  let seen = 0;
  let hasHost = false;
  for (let at = 0; at < fields.length; at++) {
    const mark = fields.marks[at] as number;
    const token = mark & TOKEN_BITS;
    if (token === TOKEN.other && (mark & (BAD_NAME | BAD_VALUE)) === 0) {
      seen |= 1;
      continue;
    }
    const value = fields.values[at] as string;
    let fault = fieldFault(mark);
    if (fault === null && isPseudo(mark)) {
      // Bit 0 stands for ordinary fields, bit n for the pseudo-field with token n.
      if (seen & 1) fault = 'misplaced_pseudo_field';
      else if (seen & (1 << token)) fault = 'repeated_pseudo_field';
      else fault = readPseudo(head, mark, value);
      seen |= 1 << token;
    } else if (fault === null) {
      seen |= 1;
      if (token === TOKEN.host && hasHost) fault = 'host_mismatch';
      else fault = readField(head, mark, value);
      hasHost ||= token === TOKEN.host;
    }
    if (fault !== null) return fault;
  }
  return null;
}

function readPseudo(head: RequestHead, mark: number, value: string): RequestFault | null {
  switch (mark & TOKEN_BITS) {
    case TOKEN.method:
      head.method = value;
      return PLAIN_METHODS.has(value) || METHOD.test(value) ? null : 'bad_method';
    case TOKEN.scheme:
      head.scheme = value;
      // Servers put the parts together again, and would find a host and a path in it (CVE-2021-39240).
      return value === 'http' || value === 'https' || SCHEME.test(value) ? null : 'bad_scheme';
    case TOKEN.path:
      head.path = value;
      return mark & SPACED_VALUE || value === '' ? 'bad_path' : null;
    case TOKEN.authority:
      head.authority = value;
      // Who has no authority to name sends none: an empty one would make servers pick Host, or not (RFC 9113 §8.3.1).
      return hasNoHost(value) ? 'bad_authority' : authorityFault(mark, value);
    case TOKEN.protocol:
      head.protocol = value;
      return null;
    default:
      return 'unknown_pseudo_field';
  }
}

function readField(head: RequestHead, mark: number, value: string): RequestFault | null {
  switch (mark & TOKEN_BITS) {
    case TOKEN.contentType:
      head.contentType = value;
      return null;
    case TOKEN.contentLength:
      if (head.contentLength >= 0 || !LENGTH.test(value)) return 'bad_content_length';
      head.contentLength = Number(value);
      return head.endsStream && head.contentLength > 0 ? 'bad_content_length' : null;
    case TOKEN.host:
      if (head.authority !== '') {
        // Two names for one destination: whatever we judged, a server might pick the other one.
        return isSameAuthority(head.authority, value, head.scheme) ? null : 'host_mismatch';
      }
      head.authority = value;
      return value !== '' && hasNoHost(value) ? 'bad_authority' : authorityFault(mark, value);
    case TOKEN.te:
      return value === 'trailers' ? null : 'connection_field';
    default:
      return null;
  }
}

function authorityFault(mark: number, value: string): RequestFault | null {
  return mark & SPACED_VALUE || NOT_HOST.test(value) ? 'bad_authority' : null;
}

/** Which pseudo-fields belong together: RFC 9113 §8.3.1 and §8.5, RFC 8441 §4. */
function pseudoFault(head: RequestHead): RequestFault | null {
  const { method, scheme, path, protocol } = head;
  if (method === 'CONNECT' && protocol === '') return connectFault(head);
  if (method === '' || scheme === '' || path === '') return 'missing_pseudo_field';
  if (protocol !== '' && method !== 'CONNECT') return 'missing_pseudo_field';
  return path.startsWith('/') || (path === '*' && method === 'OPTIONS') ? null : 'bad_path';
}

function connectFault({ scheme, path, authority }: RequestHead): RequestFault | null {
  if (scheme !== '' || path !== '' || authority === '') return 'missing_pseudo_field';
  return hasHostAndPort(authority) ? null : 'bad_authority';
}
