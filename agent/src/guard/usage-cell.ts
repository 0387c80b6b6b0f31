import type { Workload } from '@eastwall/policy';
import type { Exchange } from '../exchange/exchange.ts';
import { MAX_CALLERS, type OperationUsage, STATUS_CLASSES } from '../record/operation-usage.ts';

type Amounts = Omit<
  OperationUsage,
  'namespace' | 'service' | 'port' | 'kind' | 'method' | 'name' | 'template'
>;

/** What one workload has to do with an operation. */
interface Share {
  calls: number;
  received: number;
}

/** Use of one operation while it is being counted, between two words to control. */
export class UsageCell {
  calls = 0;
  #denied = 0;
  #statuses = new Array<number>(STATUS_CLASSES).fill(0);
  #bytesSent = 0;
  #bytesReceived = 0;
  #firstSeen = 0;
  #lastSeen = 0;
  #protocol = '';
  #otherCalls = 0;
  readonly #callers = new Map<string, Share>();
  // Whoever called last mostly calls again.
  #lastCaller: Workload | null = null;
  #lastShare: Share | null = null;

  count(exchange: Exchange, caller: Workload, now: number): void {
    if (this.calls === 0) this.#firstSeen = now;
    this.calls++;
    if (exchange.outcome === 'denied') this.#denied++;
    const statusClass = Math.trunc(exchange.status / 100);
    const index = statusClass < STATUS_CLASSES ? statusClass : 0;
    this.#statuses[index] = (this.#statuses[index] ?? 0) + 1;
    this.#bytesSent += exchange.bytesSent;
    this.#bytesReceived += exchange.bytesReceived;
    this.#lastSeen = now;
    this.#protocol = exchange.grpcStatus >= 0 ? 'grpc' : exchange.protocol;
    if (caller !== this.#lastCaller) {
      this.#lastShare = this.#shareOf(callerName(caller));
      this.#lastCaller = caller;
    }
    this.#count(this.#lastShare, 1, exchange.bytesReceived);
  }

  add(other: UsageCell): void {
    if (other.calls === 0) return;
    this.#firstSeen = this.calls === 0 ? other.#firstSeen : Math.min(this.#firstSeen, other.#firstSeen);
    this.calls += other.calls;
    this.#denied += other.#denied;
    this.#statuses = this.#statuses.map((count, index) => count + (other.#statuses[index] ?? 0));
    this.#bytesSent += other.#bytesSent;
    this.#bytesReceived += other.#bytesReceived;
    this.#lastSeen = Math.max(this.#lastSeen, other.#lastSeen);
    this.#protocol = other.#protocol;
    this.#otherCalls += other.#otherCalls;
    for (const [caller, { calls, received }] of other.#callers)
      this.#count(this.#shareOf(caller), calls, received);
  }

  /** What was counted since the last call. */
  take(): Amounts {
    const shares = [...this.#callers];
    const taken: Amounts = {
      protocol: this.#protocol,
      calls: this.calls,
      denied: this.#denied,
      statuses: [...this.#statuses],
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      firstSeen: this.#firstSeen,
      lastSeen: this.#lastSeen,
      callers: Object.fromEntries(shares.map(([caller, { calls }]) => [caller, calls])),
      receivedBy: Object.fromEntries(shares.map(([caller, { received }]) => [caller, received])),
      otherCalls: this.#otherCalls,
    };
    this.calls = 0;
    this.#denied = 0;
    this.#statuses.fill(0);
    this.#bytesSent = 0;
    this.#bytesReceived = 0;
    this.#otherCalls = 0;
    this.#callers.clear();
    this.#lastCaller = null;
    return taken;
  }

  /** `share` null: of whoever there is no room for. */
  #count(share: Share | null, calls: number, received: number): void {
    if (share === null) {
      this.#otherCalls += calls;
      return;
    }
    share.calls += calls;
    share.received += received;
  }

  #shareOf(caller: string): Share | null {
    let share = this.#callers.get(caller) ?? null;
    if (share === null && this.#callers.size < MAX_CALLERS) {
      share = { calls: 0, received: 0 };
      this.#callers.set(caller, share);
    }
    return share;
  }
}

/** Workloads are told apart by their object: the name is put together once each. */
const NAMES = new WeakMap<Workload, string>();

function callerName(caller: Workload): string {
  const known = NAMES.get(caller);
  if (known !== undefined) return known;
  const name = caller.uid === '' ? 'unknown' : `${caller.namespace}/${caller.name}`;
  NAMES.set(caller, name);
  return name;
}
