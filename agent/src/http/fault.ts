/**
 * Why a message is refused. Parsers return a position when they succeed and one of these negative codes
 * when they don't, so that the hot path allocates no result object.
 */
export const FAULTS = {
  bare_cr: 'a CR is not followed by LF',
  bare_lf: 'an LF is not preceded by CR',
  bad_method: 'the method is not a token',
  bad_target: 'the request target is not in a known form or holds a control byte',
  bad_version: 'the version is not HTTP/1.0 or HTTP/1.1',
  bad_status: 'the status line is malformed',
  bad_field_name: 'a field name is empty, holds a byte that is no token, or is followed by white space',
  bad_field_value: 'a field value holds a control byte',
  obs_fold: 'a field value is continued on the next line',
  head_too_large: 'the head is larger than the limit',
  bad_content_length: 'Content-Length is not a plain decimal number',
  repeated_content_length: 'Content-Length is given more than once',
  length_and_encoding: 'Content-Length and Transfer-Encoding are both given',
  bad_transfer_encoding: 'Transfer-Encoding is anything but a single final `chunked`',
  encoding_in_http10: 'Transfer-Encoding is given in an HTTP/1.0 message',
  repeated_host: 'Host is given more than once',
  missing_host: 'Host is missing in an HTTP/1.1 request',
  bad_host: 'Host is not a host with an optional port',
  host_mismatch: 'Host differs from the authority in the request target',
  content_in_connect:
    'CONNECT has content, which is the first of the tunnel to some servers, and of no meaning to others',
  bad_connection: 'Connection names a field that frames or routes the message',
  bad_chunk: 'a chunk size, extension or ending is malformed',
  truncated: 'the connection ended inside a message',
  unexpected_bytes: 'bytes came where no message was due',
  bad_upgrade: 'the protocol was switched without being asked',
} as const;
export type Fault = keyof typeof FAULTS;

/** The input ends before the element does. */
export const NEED_MORE = -1;

const NAMES = Object.keys(FAULTS) as Fault[];
const FIRST_CODE = -2;

/** The code of a fault: always below `NEED_MORE`. */
export const faultCode = (fault: Fault): number => FIRST_CODE - NAMES.indexOf(fault);

/** The fault behind a code returned by a parser. */
export function faultOf(code: number): Fault {
  const fault = NAMES[FIRST_CODE - code];
  if (fault === undefined) throw new RangeError(`${code} is not a fault code`);
  return fault;
}
