import type { FieldList } from './field-list.ts';
import type { ErrorCode } from './frame.ts';
import type { RequestHead } from './request-head.ts';

/** How a stream ended. `refused` is a request beyond the limit of open streams, which the caller may try again. */
export type StreamOutcome =
  | 'ok'
  | 'denied'
  | 'refused'
  | 'malformed_request'
  | 'malformed_response'
  | 'caller_reset'
  | 'upstream_reset'
  | 'timeout'
  | 'drained'
  | 'overload';

export interface StreamEnd {
  readonly outcome: StreamOutcome;
  /** The mistake for which the whole connection has ended; null where there is none. */
  readonly connectionFault: ErrorCode | null;
  /** What the caller saw; 0 when it saw none. */
  readonly status: number;
  /** -1 when there was none. */
  readonly grpcStatus: number;
  /** Bytes of the stream's HEADERS and DATA frames: from the caller, and to the caller. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** The answer to a request that must not reach upstream. Texts are latin1, field names lower-case. */
export interface Denial {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Sent only where it is sure to fit into the caller's window; the status and fields must say enough without it. */
  readonly body: Uint8Array | null;
  readonly contentType: string;
  /** For gRPC: 7 PERMISSION_DENIED, 8 RESOURCE_EXHAUSTED. */
  readonly grpcStatus: number;
  readonly grpcMessage: string;
}

/** What the host wants of content: nothing, its bytes as they pass, or that it is withheld until it was seen. */
export type Reading = 'nothing' | 'stream' | 'whole';

/** The host's side of one request. `ended` is called exactly once, last. */
export interface H2Exchange {
  /** Null lets the request through. */
  readonly denial: Denial | null;
  /** Asked once, about a request that is let through and has content. */
  readonly reading: Reading;
  /** Content of the request, only valid during the call. True when that was enough. */
  content(bytes: Uint8Array, start: number, end: number): boolean;
  /**
   * No more of it is shown; `complete` when that was all. A request that was withheld until now may still be denied.
   * Not called when the stream breaks off before.
   */
  contentEnded(complete: boolean, now: number): Denial | null;
  /** Asked when policies, Services or the caller's identity have changed: whether it may go on. */
  mayGoOn(): boolean;
  /** A response head came, also interim ones (1xx). `fields` is only valid during the call. True when its content is wanted. */
  responded(status: number, fields: FieldList, now: number): boolean;
  responseContent(bytes: Uint8Array, start: number, end: number): void;
  ended(end: StreamEnd, now: number): void;
}

export interface H2Host {
  /**
   * Judges a complete request head. When `head.fault` is set the request is refused whatever the exchange says, and
   * the call only serves the record.
   */
  begin(head: RequestHead, now: number): H2Exchange;
}

/** What an exchange that is let through has in common with every other whose content nobody wants. */
export const UNREAD = {
  denial: null,
  reading: 'nothing',
  content: () => true,
  contentEnded: () => null,
  mayGoOn: () => true,
  responded: () => false,
  responseContent() {},
} as const satisfies Omit<H2Exchange, 'ended'>;
