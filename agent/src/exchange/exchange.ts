import type { Decision } from '@eastwall/policy';
import type { HostUnknown, Outcome, Protocol } from '../record/record.ts';

export const UNGOVERNED: Decision = Object.freeze({
  verdict: 'allow',
  reason: 'ungoverned',
  policy: null,
  rule: null,
});

/**
 * What becomes a flow record, filled in as the exchange goes on. One object serves a whole connection.
 * INVARIANT: `open` is true from `begin` to the one call of `RelayContext.finish`, so each exchange is recorded once.
 */
export class Exchange {
  protocol: Protocol = 'unknown';
  open = false;
  id = '';
  method = '';
  host = '';
  path = '';
  status = 0;
  /** -1 when there is none. */
  grpcStatus = -1;
  decision: Decision = UNGOVERNED;
  outcome: Outcome = 'ok';
  /** Why it was refused, where that is not the decision: the name of a fault. */
  fault = '';
  /** Why a TLS connection has no host; empty when it has, or is none. */
  hostUnknown: HostUnknown | '' = '';
  /** Monotonic milliseconds. */
  startedAt = 0;
  bytesSent = 0;
  bytesReceived = 0;

  begin(protocol: Protocol, now: number): void {
    this.protocol = protocol;
    this.open = true;
    this.id = '';
    this.method = '';
    this.host = '';
    this.path = '';
    this.status = 0;
    this.grpcStatus = -1;
    this.decision = UNGOVERNED;
    this.outcome = 'ok';
    this.fault = '';
    this.hostUnknown = '';
    this.startedAt = now;
    this.bytesSent = 0;
    this.bytesReceived = 0;
  }
}
