import type { Destination, Verdict, Workload } from '@eastwall/policy';
import type { TraceContext } from './trace-context.ts';

export type Protocol = 'http1' | 'h2' | 'tls' | 'opaque' | 'unknown';

/**
 * How an exchange ended. `denied` and `malformed` never reached upstream; the `..._reset`, `timeout`
 * and `upstream_unreachable` outcomes say which side broke off.
 */
export type Outcome =
  | 'ok'
  | 'denied'
  | 'malformed_request'
  | 'malformed_response'
  | 'caller_reset'
  | 'upstream_reset'
  | 'upstream_unreachable'
  | 'timeout'
  | 'identity_unknown'
  | 'drained'
  | 'overload';

/** Why nobody can say which host a TLS connection is for. */
export const HOSTS_UNKNOWN = {
  no_server_name: 'the ClientHello names no server',
  encrypted_client_hello: 'the ClientHello offers ECH, so that the name in it may only be that of a front',
  malformed_client_hello: 'the ClientHello is malformed',
} as const;
export type HostUnknown = keyof typeof HOSTS_UNKNOWN;

/** One line of `eastwall tail`: a finished exchange (or, for opaque bytes, a finished connection). */
export interface FlowRecord {
  /** Decision id: what the caller's error body and `eastwall explain` share. */
  readonly id: string;
  /** Milliseconds since the epoch, when the exchange began. */
  readonly time: number;
  readonly node: string;
  /** Only for what was looked at where it came to a pod: it is no second exchange beside the one that was sent. */
  readonly leg?: 'inbound';
  /** Null when the identity was still unknown at the deadline. */
  readonly caller: Workload | null;
  readonly destination: Destination;
  readonly protocol: Protocol;
  /** Empty strings for opaque exchanges; `host` is the server name for TLS. `path` has no query: values may be secrets. */
  readonly method: string;
  readonly host: string;
  /** Only for TLS without a host. */
  readonly hostUnknown?: HostUnknown;
  readonly path: string;
  /** What `path` is one of, `/orders/{orderId}`; absent while that is not known. Unlike the path it holds no value. */
  readonly template?: string;
  /** Only where traces are exported and its caller belongs to one. */
  readonly trace?: TraceContext;
  /** Its port is declared to carry what nobody is to read. */
  readonly declaredOpaque?: true;
  /** HTTP status that the caller saw; 0 when it saw none. */
  readonly status: number;
  /** Only for a gRPC call that was answered. */
  readonly grpcStatus?: number;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly policy: string | null;
  readonly rule: string | null;
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}
