interface Spent {
  readonly port: number;
  readonly since: number;
}

/** As for the kernel's `tcp_tw_reuse`: what the peer has not heard by then was lost, and is repeated by itself. */
const REST_MS = 1_000;
/** The kernel's TCP_TIMEWAIT_LEN: from then on the port is anybody's. */
const TIME_WAIT_MS = 60_000;
const MAX_PORTS = 4_096;

/**
 * Ports of a pod that upstream connections have left in TIME_WAIT, because the caller closed first and so did we. The
 * caller's own socket has left one, too, among the same ports towards the same address: with two for each connection,
 * `connect` would search twice as long for a free one, and find none at half the rate that a pod can do without us.
 *
 * A port that is bound to before `connect` may be used again (`tcp_twsk_unique`: timestamps tell the old connection's
 * segments from the new one's), so that ours are as many as there are connections in a second, not in a minute.
 */
export class SpentPorts {
  private readonly byDestination = new Map<string, Spent[]>();
  private count = 0;

  /** What there is no room for is left to the kernel. */
  add(ip: string, port: number, spent: Spent): void {
    if (this.count === MAX_PORTS) return;
    this.count++;
    const key = `${ip} ${port}`;
    const queue = this.byDestination.get(key);
    if (queue === undefined) this.byDestination.set(key, [spent]);
    else queue.push(spent);
  }

  /** One to dial the destination from, which has rested; 0 without one. */
  take(ip: string, port: number, now: number): number {
    if (this.count === 0) return 0;
    const queue = this.byDestination.get(`${ip} ${port}`);
    if (queue === undefined) return 0;
    this.forgetOld(queue, now);
    const first = queue[0];
    if (first === undefined || now - first.since < REST_MS) return 0;
    queue.shift();
    this.count--;
    return first.port;
  }

  /** Called every now and then. */
  check(now: number): void {
    for (const [key, queue] of this.byDestination) {
      this.forgetOld(queue, now);
      if (queue.length === 0) this.byDestination.delete(key);
    }
  }

  private forgetOld(queue: Spent[], now: number): void {
    while (queue[0] !== undefined && now - queue[0].since > TIME_WAIT_MS) {
      queue.shift();
      this.count--;
    }
  }
}
