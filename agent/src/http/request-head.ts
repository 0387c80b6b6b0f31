import { ascii, asciiLike, equalsExactly } from '../kernel/bytes.ts';
import { hasHostAndPort, hasNoHost, isSameAuthority } from './authority.ts';
import { AUTHORITY, COLON, CR, LF, SP, TARGET, TOKEN } from './chars.ts';
import { faultCode, NEED_MORE } from './fault.ts';
import { equalsIgnoringCase, type Fields, newSpots } from './fields.ts';
import { KeptFields } from './kept-fields.ts';

const QUESTION_MARK = 63;
const SLASH = 47;

/** A request head as offsets and flags over the bytes it was read from; one object serves a whole connection. */
export class RequestHead implements Fields {
  method = '';
  /** Path without query, as sent; `*` for OPTIONS *, empty for CONNECT. */
  path = '';
  /** What follows the `?` behind the path; both 0 without one. */
  queryStart = 0;
  queryEnd = 0;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  minor = 1;
  contentLength = -1;
  readonly mayRepeatLength = false;
  lengthRepeated = false;
  chunked = false;
  close = false;
  keepAlive = false;
  upgrade = false;
  disowning = false;
  expectContinue = false;
  /** The authority in the target where there is one, else Host, which may be empty; 0 when neither is. */
  hostStart = 0;
  hostEnd = 0;
  upgradeToStart = 0;
  upgradeToEnd = 0;
  h2SettingsStart = 0;
  h2SettingsEnd = 0;
  showing = false;
  shown = 0;
  readonly spots = newSpots();
  readonly kept = new KeptFields();
}

/** The methods that are nearly all traffic, found without making a string. */
const COMMON_METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT'];

/**
 * Reads one request head (RFC 9112 §3, §5), a strict subset: one space between the parts of the request line, no
 * obs-fold. An empty line before it is whoever calls' matter. Returns the offset after the head, `NEED_MORE`, or a fault
 * code.
 */
export function readRequestHead(bytes: Uint8Array, start: number, end: number, head: RequestHead): number {
  const headEnd = readHead(bytes, start, end, head);
  if (headEnd < 0) head.kept.forget(head);
  return headEnd;
}

function readHead(bytes: Uint8Array, start: number, end: number, head: RequestHead): number {
  head.queryStart = 0;
  head.queryEnd = 0;
  const methodEnd = tokenEnd(bytes, start, end);
  if (methodEnd >= end) return NEED_MORE;
  if (methodEnd === start || bytes[methodEnd] !== SP) return lineFault(bytes[methodEnd], 'bad_method');
  const targetStart = methodEnd + 1;
  let targetEnd = targetStart;
  while (targetEnd < end && TARGET[bytes[targetEnd] as number] === 1) targetEnd++;
  if (targetEnd >= end) return NEED_MORE;
  if (targetEnd === targetStart || bytes[targetEnd] !== SP) return lineFault(bytes[targetEnd], 'bad_target');
  const fieldsStart = readVersion(bytes, targetEnd + 1, end, head);
  if (fieldsStart < 0) return fieldsStart;
  const headEnd = head.kept.read(bytes, fieldsStart, end, head);
  if (headEnd < 0) return headEnd;
  head.method = methodName(bytes, start, methodEnd);
  const fault = checkHead(bytes, head) || readTarget(bytes, targetStart, targetEnd, head);
  return fault === 0 ? headEnd : fault;
}

function tokenEnd(bytes: Uint8Array, start: number, end: number): number {
  let pos = start;
  while (pos < end && TOKEN[bytes[pos] as number] === 1) pos++;
  return pos;
}

const lineFault = (byte: number | undefined, otherwise: 'bad_method' | 'bad_target'): number =>
  byte === LF ? faultCode('bare_lf') : faultCode(otherwise);

/** `HTTP/1.` as the bytes that must stand there. */
const VERSION = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e];

function readVersion(bytes: Uint8Array, start: number, end: number, head: RequestHead): number {
  for (let i = 0; i < VERSION.length; i++) {
    if (start + i >= end) return NEED_MORE;
    if (bytes[start + i] !== VERSION[i]) return faultCode('bad_version');
  }
  const pos = start + VERSION.length;
  if (pos + 2 >= end) return NEED_MORE;
  const minor = (bytes[pos] as number) - 0x30;
  if (minor !== 0 && minor !== 1) return faultCode('bad_version');
  if (bytes[pos + 1] !== CR) return faultCode(bytes[pos + 1] === LF ? 'bare_lf' : 'bad_version');
  if (bytes[pos + 2] !== LF) return faultCode('bare_cr');
  head.minor = minor;
  return pos + 3;
}

function methodName(bytes: Uint8Array, start: number, end: number): string {
  for (const method of COMMON_METHODS) if (equalsExactly(bytes, start, end, method)) return method;
  return ascii(bytes, start, end);
}

/** The four forms of RFC 9112 §3.2. Returns 0 or a fault code, and leaves the path, and a host that it names, in the head. */
function readTarget(bytes: Uint8Array, start: number, end: number, head: RequestHead): number {
  if (head.method === 'CONNECT') return readAuthorityForm(bytes, start, end, head);
  if (bytes[start] === SLASH) return setPath(bytes, start, end, head);
  if (head.method === 'OPTIONS' && end - start === 1 && bytes[start] === 0x2a) {
    head.path = '*';
    return 0;
  }
  return readAbsoluteForm(bytes, start, end, head);
}

function setPath(bytes: Uint8Array, start: number, end: number, head: RequestHead): number {
  let pathEnd = start;
  while (pathEnd < end && bytes[pathEnd] !== QUESTION_MARK) pathEnd++;
  head.path = asciiLike(bytes, start, pathEnd, head.path);
  return setQuery(pathEnd, end, head);
}

/** `start` is at the `?`, or at the end of a target without one. */
function setQuery(start: number, end: number, head: RequestHead): 0 {
  if (start === end) return 0;
  head.queryStart = start + 1;
  head.queryEnd = end;
  return 0;
}

/** Proxies go where the target says, whatever Host says (RFC 9112 §3.2.2, RFC 9110 §9.3.6). */
function setHost(start: number, end: number, head: RequestHead): void {
  // Not what its fields say, so that they are read anew for the next one.
  head.kept.leave();
  head.hostStart = start;
  head.hostEnd = end;
}

function readAuthorityForm(bytes: Uint8Array, start: number, end: number, head: RequestHead): number {
  if (!isAuthority(bytes, start, end) || !hasHostAndPort(ascii(bytes, start, end)))
    return faultCode('bad_target');
  setHost(start, end, head);
  head.path = '';
  return 0;
}

/** `http://authority/path`. The authority wins over Host (RFC 9112 §3.2.2); a differing Host is refused as ambiguous. */
function readAbsoluteForm(bytes: Uint8Array, start: number, end: number, head: RequestHead): number {
  const scheme = equalsIgnoringCase(bytes, start, Math.min(start + 7, end), 'http://') ? 7 : 8;
  if (scheme === 8 && !equalsIgnoringCase(bytes, start, Math.min(start + 8, end), 'https://'))
    return faultCode('bad_target');
  const authorityStart = start + scheme;
  let authorityEnd = authorityStart;
  while (authorityEnd < end && bytes[authorityEnd] !== SLASH && bytes[authorityEnd] !== QUESTION_MARK)
    authorityEnd++;
  const authority = ascii(bytes, authorityStart, authorityEnd);
  if (hasNoHost(authority) || !isAuthority(bytes, authorityStart, authorityEnd))
    return faultCode('bad_target');
  const host = ascii(bytes, head.hostStart, head.hostEnd);
  if (head.hostStart !== 0 && !isSameAuthority(authority, host, scheme === 7 ? 'http' : 'https'))
    return faultCode('host_mismatch');
  setHost(authorityStart, authorityEnd, head);
  if (bytes[authorityEnd] === SLASH) return setPath(bytes, authorityEnd, end, head);
  head.path = '/';
  return setQuery(authorityEnd, end, head);
}

/** Empty says that there is none: a server may have a default (RFC 9112 §3.2, §3.3). A port alone says nothing. */
const isHost = (bytes: Uint8Array, start: number, end: number): boolean =>
  isAuthority(bytes, start, end) && (start === end || bytes[start] !== COLON);

function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  for (let pos = start; pos < end; pos++) if (AUTHORITY[bytes[pos] as number] !== 1) return false;
  return true;
}

/**
 * Rules that need the whole head: RFC 9112 §3.2 (Host), §6.1 (Transfer-Encoding in HTTP/1.0), RFC 9110 §9.3.6 (CONNECT
 * has no content: servers that ignore a length there take it for the next request) and §7.6.1 (Connection). A proxy behind us drops the fields that Connection names: the server would read another request than
 * we did. Responses are not held to it: large content networks do send `Connection: Transfer-Encoding`.
 */
function checkHead(bytes: Uint8Array, head: RequestHead): number {
  if (head.disowning) return faultCode('bad_connection');
  if (head.method === 'CONNECT' && (head.chunked || head.contentLength > 0))
    return faultCode('content_in_connect');
  if (head.hostStart === 0) return head.minor === 1 ? faultCode('missing_host') : encodingFault(head);
  if (!isHost(bytes, head.hostStart, head.hostEnd)) return faultCode('bad_host');
  return encodingFault(head);
}

const encodingFault = (head: RequestHead): number =>
  head.chunked && head.minor === 0 ? faultCode('encoding_in_http10') : 0;
