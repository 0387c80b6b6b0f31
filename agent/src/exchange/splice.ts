import type { Decision } from '@eastwall/policy';
import type { Exchange } from './exchange.ts';
import { OpaqueRelay } from './opaque-relay.ts';
import type { Relay, RelayContext } from './wire.ts';

/**
 * Lets the rest of the connection pass unread if `judge` allows it, else resets both sides and records the denial.
 * Null when it was refused: upstream has not got a byte.
 */
export function splice(
  context: RelayContext,
  exchange: Exchange,
  { judge, now }: { judge(): Decision; readonly now: number },
): Relay | null {
  exchange.decision = judge();
  if (exchange.decision.verdict !== 'deny') exchange.askUnread(now);
  if (exchange.decision.verdict !== 'deny') {
    const relay = new OpaqueRelay(context, exchange, judge);
    context.become(relay);
    return relay;
  }
  refuse(context, exchange, now);
  return null;
}

/** Ends a connection that is denied before anything of it has passed. */
export function refuse(context: RelayContext, exchange: Exchange, now: number): void {
  exchange.outcome = 'denied';
  exchange.conclude(context, now);
  context.wire.abort();
}
