import type { Decision } from '@eastwall/policy';
import type { Fault } from '../http/fault.ts';
import type { Exchange } from './exchange.ts';
import { OpaqueRelay } from './opaque-relay.ts';
import type { Relay, RelayContext } from './wire.ts';

/** What decides about the bytes that follow a switch of protocols, now and whenever policies change. */
export function judgeAfterSwitch(
  context: RelayContext,
  { method, path, host }: Exchange,
  protocol: string,
): () => Decision {
  // WebSocket belongs to the operation that was judged: its frames are masked, so no server reads a request in them.
  if (protocol === 'websocket') return () => context.scope.evaluate(method, path, host);
  return protocol === 'connect' ? () => context.scope.tunnel(host) : () => context.scope.unread(host);
}

/** A switch may be refused or reported where the request was allowed, and leaves the decision alone otherwise. */
export const stricter = (decision: Decision, afterSwitch: Decision): Decision =>
  afterSwitch.verdict === 'allow' ? decision : afterSwitch;

interface Unreadable {
  readonly fault: Fault;
  readonly now: number;
  /** The direction in which it can be followed still; the other one knows where it is. */
  readonly other: { handOver(relay: Relay, now: number): void };
}

/**
 * Who carries on where HTTP/1.1 can't be followed any more: what is only looked at passes unread from there on, and
 * its two ends make of it what they would without us. Null where it is not only looked at.
 */
export function unreadFrom(
  context: RelayContext,
  exchange: Exchange,
  { fault, now, other }: Unreadable,
): Relay | null {
  if (!context.observing) return null;
  if (!exchange.open) exchange.begin('opaque', now);
  exchange.fault = fault;
  const next = new OpaqueRelay(context, exchange, () => exchange.decision);
  context.become(next);
  other.handOver(next, now);
  return next;
}
