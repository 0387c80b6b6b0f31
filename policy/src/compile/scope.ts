import type { Decision } from '../model/decision.ts';
import type { CompiledExpectation } from './compiled-expectation.ts';

export type Governed = 'no' | 'audit' | 'enforce';

/**
 * All that policies say about one caller at one destination. Build it once per connection (or get it from a set,
 * which keeps them), then ask for each request. Everything is total.
 *
 * `host` is the text that the caller wrote as Host, `:authority` or server name; empty when it wrote none that is
 * known.
 */
export interface Scope {
  /** Whether a request can be denied here, or only reported, or neither. */
  readonly governed: Governed;
  /** Rules in the scope: what it costs to build and to keep. */
  readonly size: number;
  /** Nothing but requests can be allowed here: `unread` denies whatever the host. */
  readonly readableOnly: boolean;
  /** The denial that stands whatever the caller is going to say; null when it depends on that. */
  readonly atConnect: Decision | null;
  /** For a connection that may hide what it speaks: one that stalls, breaks off or is malformed before it has shown it. */
  readonly unreadable: Decision;
  /** For one request. Without allocation. `path` is the raw path of the request target, without the query. */
  evaluate(method: string, path: string, host: string): Decision;
  /** For a connection whose requests can't be read: TLS, with the name of the server, or opaque bytes. */
  unread(host: string): Decision;
  /** What is declared for this request as a batch job's; null mostly. `path` is raw. */
  expectation(method: string, path: string): CompiledExpectation | null;
  /** For what goes through a tunnel that was opened to this host by CONNECT. */
  tunnel(host: string): Decision;
}
