import type { Scope } from '@eastwall/policy';
import { Judge, type Judging } from '../decide/judge.ts';
import { Onlooker } from '../decide/onlooker.ts';
import { Detector } from '../exchange/detector.ts';
import { Exchange, UNGOVERNED } from '../exchange/exchange.ts';
import { OpaqueRelay } from '../exchange/opaque-relay.ts';
import { NO_WATCHER, type Watcher, type WatcherSource } from '../exchange/watch.ts';
import type { Relay, RelayContext, RelayLimits, Wire } from '../exchange/wire.ts';
import type { Bagged } from '../kernel/bag.ts';
import { EADDRNOTAVAIL } from '../kernel/errno.ts';
import type { Outcome } from '../record/record.ts';
import type { TrafficGroup } from '../record/traffic-cells.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { Leg, type LegEvents } from './leg.ts';
import { bindAsCaller, bindSpent } from './own-address.ts';
import { handleOf } from './tcp-handle.ts';
import type { Dialler } from './upstream-sockets.ts';

/** Upstream that has said it closes may take this long to do so before the caller's FIN is passed on to it. */
const UPSTREAM_CLOSES_MS = 1_000;
/** Once one side is done, the other may take this long to hang up by itself; then the kernel is left to finish. */
const LINGER_MS = 5_000;
/** From then on the kernel looks whether both peers are still there. */
const KEEP_AFTER_MS = 1_000;
/** A caller that has left waits no longer for upstream to be reached; the kernel goes on for two minutes. */
const REACHED_MS = 5_000;
/** A connection that nobody has used for so long is closed while draining, though nobody could be told before. */
const QUIET_MS = 5_000;

/**
 * One intercepted connection: the caller's socket, the upstream socket, and the relay between them. The only place
 * where a relay meets sockets; it turns socket events into relay events and the relay's calls into socket calls.
 */
export class Connection implements Wire, RelayContext, LegEvents, Dialler, Bagged {
  place = 0;
  readonly wire: Wire = this;
  readonly limits: RelayLimits;
  private relay: Relay;
  private readonly caller: Leg;
  private upstream: Leg | null = null;
  readonly watcher: Watcher;
  private readonly judging: Judging;
  private readonly traffic: TrafficGroup;
  private readonly options: ConnectionOptions;
  private held = false;
  /** The relay wrote to the caller; of interest while it takes in what the caller says. */
  private answered = false;
  /** The caller does not read our answers. */
  private deaf = false;
  private upstreamDropped = false;
  /** It has said so, and that FIN comes from there first leaves TIME_WAIT there, as without us. */
  private upstreamCloses = false;
  private over = false;
  private draining = false;
  /** The upstream socket was bound to a port before it dialled. */
  private bound = false;
  /** That port turned out to be in use. */
  private redialled = false;
  private lastActivity: number;
  /** The version of the world that the relay was last decided by. */
  private seen: number;
  /** When we began to wait for the last side to hang up; 0 before. */
  private lingeringSince = 0;

  constructor(options: ConnectionOptions) {
    const { context } = options;
    this.options = options;
    this.limits = context.limits;
    this.lastActivity = context.now();
    this.seen = context.world.version;
    this.judging = this.observing ? new Onlooker(context.world, options) : new Judge(context.world, options);
    this.watcher = options.exempt ? NO_WATCHER : this.watcherOf(context.guards);
    this.traffic = context.recorder.group(options.caller(), this.judging.destination);
    this.relay = options.exempt ? this.unjudged() : new Detector(this);
    this.caller = new Leg(options.handle, this, true);
  }

  /** Dials upstream, unless it is refused whatever the caller is going to say. */
  begin(): void {
    this.relay.reconsider(this.lastActivity);
    if (!this.over) this.options.sockets.take(this);
  }

  dial(fd: number | null): void {
    const handle = fd === null || this.over ? null : handleOf(fd);
    if (fd === null || handle === null || typeof handle === 'number') {
      if (fd !== null) this.options.context.closeFd(fd);
      this.end('upstream_unreachable');
      return;
    }
    if (this.observing) this.bound = bindAsCaller(fd, this.caller.fd, this.redialled);
    else if (!this.redialled) this.bound = bindSpent(fd, this.options, this.options.context.now());
    this.upstream = new Leg(handle, this, false);
    this.upstream.connect(this.options.ip, this.options.port, !this.observing);
    // Not earlier: there would be nowhere to write to.
    this.caller.start();
  }

  private watcherOf(guards: WatcherSource): Watcher {
    return this.observing ? guards.inbound(this.options.pod, this.judging) : guards.watcher(this.judging);
  }

  // === RelayContext ===

  get scope(): Scope {
    return this.judging.scope;
  }

  get declaredOpaque(): boolean {
    return this.judging.declaredOpaque;
  }

  get traced(): boolean {
    return this.options.context.settings.traced;
  }

  get observing(): boolean {
    return this.options.direction === 'inbound';
  }

  become(relay: Relay): void {
    this.relay = relay;
    if (this.draining) relay.drain(this.options.context.now());
  }

  finish(exchange: Exchange, now: number): void {
    if (this.options.exempt) return;
    const { recorder, operations } = this.options.context;
    const by = {
      now,
      caller: this.options.caller(),
      destination: this.judging.destination,
      traffic: this.traffic,
      direction: this.options.direction,
    };
    // First, so that the record of a path that nobody had shown before can name its operation.
    if (!this.observing) operations.ended(exchange, by);
    recorder.record(exchange, by);
  }

  newId(): string {
    return this.options.context.recorder.newId();
  }

  // === Wire ===

  toUpstream(bytes: Uint8Array, start: number, end: number): void {
    this.upstream?.write(bytes, start, end);
  }

  toCaller(bytes: Uint8Array, start: number, end: number): void {
    this.answered = true;
    this.caller.write(bytes, start, end);
  }

  lastToCaller(bytes: Uint8Array, start: number, end: number): void {
    this.answered = true;
    this.upstreamCloses = true;
    this.caller.writeLast(bytes, start, end);
  }

  finishUpstream(): void {
    this.upstream?.finish();
  }

  finishCaller(): void {
    this.caller.finish();
    if (this.upstreamDropped && this.lingeringSince === 0) this.lingeringSince = this.options.context.now();
  }

  dropUpstream(): void {
    this.upstreamDropped = true;
    this.upstream?.reset();
  }

  abort(): void {
    this.end('ok');
  }

  holdCaller(): void {
    this.held = true;
    this.caller.pause();
  }

  resumeCaller(): void {
    this.held = false;
    this.readCallerIfRoom();
  }

  /** Memory that grows with what the two ends do, about. */
  get heldBytes(): number {
    return this.relay.heldBytes + this.caller.queuedBytes + (this.upstream?.queuedBytes ?? 0);
  }

  /** Nothing is read from either side until `goOn`. */
  rest(): void {
    this.caller.rest();
    this.upstream?.rest();
  }

  goOn(): void {
    this.caller.goOn();
    this.upstream?.goOn();
  }

  // === deadlines, policy changes and drain ===

  /** Called every now and then; ends what has outlived a deadline or its permission. */
  check(now: number): void {
    const { settings, world } = this.options.context;
    if (this.seen !== world.version) {
      this.seen = world.version;
      this.relay.reconsider(now);
    }
    const idleFor = now - this.lastActivity;
    if (idleFor > KEEP_AFTER_MS) this.caller.keep();
    if (idleFor > KEEP_AFTER_MS) this.upstream?.keep();
    // A caller is not slow while upstream is.
    const limitMs = this.upstream?.congested === true ? null : settings.bodyTimeoutMs;
    if (this.lingeringSince === 0 && !this.observing) this.relay.checkUploads(now, limitMs);
    if (this.relay.withheldSince !== 0 && now - this.relay.withheldSince > settings.holdTimeoutMs)
      this.relay.letGo(now - settings.holdTimeoutMs, now);
    if (idleFor > REACHED_MS && this.caller.ended && this.upstream?.dialling) this.upstreamFailed();
    if (this.over) return;
    if (this.lingeringSince !== 0) this.checkLinger(now, idleFor);
    else if (this.observing) {
      if (idleFor > settings.idleTimeoutMs) this.relay.expire(now);
    } else if (this.relay.headSince !== 0 && now - this.relay.headSince > settings.headTimeoutMs)
      this.relay.expire(now);
    else if (
      idleFor > (this.relay instanceof Detector ? settings.firstByteTimeoutMs : settings.idleTimeoutMs)
    )
      this.relay.expire(now);
  }

  /** A slow reader gets all that is on its way to it: from us while it takes any, and the rest from the kernel. */
  private checkLinger(now: number, idleFor: number): void {
    if (this.caller.destroyed && now - this.lingeringSince > UPSTREAM_CLOSES_MS) this.upstream?.finish();
    if (idleFor > this.options.context.settings.idleTimeoutMs) this.end('timeout');
    else if (now - this.lingeringSince > LINGER_MS && this.flushed) this.close('ok');
  }

  private get flushed(): boolean {
    return this.caller.flushed && this.upstream?.flushed !== false;
  }

  /** This process is about to go: the caller is asked to leave, and nothing is cut off. */
  drain(now: number): void {
    this.draining = true;
    this.relay.drain(now);
  }

  /**
   * Ends a draining connection that has been quiet for long, as servers do: its caller is not just asking something.
   * With `late`, ends it in any case.
   */
  leave(now: number, late: boolean): void {
    // No exchange is under way, and what has been answered is out.
    const idle = this.relay.idle && this.relay.headSince === 0 && this.flushed;
    if (!idle) {
      if (late) this.end('drained');
    } else if (late || now - this.lastActivity >= QUIET_MS) this.close('drained');
  }

  /** Ends both sides with a reset and records what was open. */
  end(outcome: Outcome): void {
    if (this.conclude(outcome)) return;
    this.caller.reset();
    this.upstream?.reset();
  }

  /** Ends both sides with FIN and records what was open; nothing that they have been sent is lost. */
  close(outcome: Outcome): void {
    if (this.conclude(outcome)) return;
    this.caller.close();
    this.upstream?.close();
  }

  /** True when it was over before. */
  private conclude(outcome: Outcome): boolean {
    if (this.over) return true;
    this.over = true;
    this.relay.abandon(outcome, this.options.context.now());
    this.options.closed(this);
    return false;
  }

  // === sockets ===

  private unjudged(): Relay {
    const exchange = new Exchange();
    exchange.begin('opaque', this.lastActivity);
    return new OpaqueRelay(this, exchange, () => UNGOVERNED);
  }

  data(leg: Leg, bytes: Uint8Array, start: number, end: number): void {
    const now = this.options.context.now();
    this.options.context.turns.take(this.options.sharer, now);
    // Its own end may have been due.
    if (this.over) return;
    this.lastActivity = now;
    if (leg !== this.caller) {
      this.relay.fromUpstream(bytes, start, end, now);
      return;
    }
    this.answered = false;
    this.relay.fromCaller(bytes, start, end, now);
    if (this.answered && this.caller.congested) this.stopListening();
  }

  ended(leg: Leg): void {
    const now = this.options.context.now();
    if (leg === this.caller) this.relay.callerEnded(now);
    else {
      this.keepPort(leg, now);
      this.relay.upstreamEnded(now);
    }
  }

  /** For the next connection to the same destination. */
  private keepPort({ spentPort }: Leg, now: number): void {
    const { ip, port, spentPorts } = this.options;
    if (spentPort !== 0) spentPorts.add(ip, port, { port: spentPort, since: now });
  }

  failed(leg: Leg, errno: number): void {
    if (leg === this.caller) this.end('caller_reset');
    else if (errno === -EADDRNOTAVAIL && this.bound && !this.redialled) this.dialAgain();
    else this.upstreamFailed();
  }

  /** Upstream may have answered before it broke off: a 413 to a body it did not want to read. */
  unwritable(leg: Leg): void {
    if (leg === this.caller) this.end('caller_reset');
  }

  /** Who sends all before it reads anything gets through, as long as upstream takes it. */
  congested(leg: Leg): void {
    if (leg === this.caller) this.upstream?.pause();
    else this.caller.pause();
  }

  drained(leg: Leg): void {
    if (leg === this.caller) {
      this.deaf = false;
      this.upstream?.resume();
    }
    this.readCallerIfRoom();
  }

  closed(leg: Leg): void {
    // The first attempt to dial may have been given up.
    if (leg === this.caller || leg === this.upstream) this.legClosed();
  }

  /**
   * The port is one that the caller uses again, sooner than the connection before is forgotten here, or that somebody
   * else dials from. Nothing has been read from it yet: the kernel refuses at once.
   */
  private dialAgain(): void {
    this.redialled = true;
    this.upstream = null;
    this.caller.pause();
    this.options.sockets.take(this);
  }

  private readCallerIfRoom(): void {
    if (!this.held && !this.deaf && this.upstream?.congested !== true) this.caller.resume();
  }

  /** Answers of our own come from the caller's requests: who does not read them gets no further. */
  private stopListening(): void {
    this.deaf = true;
    this.caller.pause();
  }

  /** The caller gets what it would have got without us: a reset. */
  private upstreamFailed(): void {
    if (this.upstreamDropped) return;
    this.end(this.upstream?.wasConnected === true ? 'upstream_reset' : 'upstream_unreachable');
  }

  /**
   * A side is closed when both its directions are: nothing can pass any more, so the other side only gets what is
   * still on its way to it, and not for long.
   */
  private legClosed(): void {
    if (this.over) return;
    const upstreamGone = this.upstream === null ? this.upstreamDropped : this.upstream.destroyed;
    if (this.caller.destroyed && upstreamGone) {
      this.end('ok');
      return;
    }
    if (this.lingeringSince === 0) this.lingeringSince = this.options.context.now();
    if (this.caller.destroyed) {
      if (!this.upstreamCloses) this.upstream?.finish();
    } else if (!this.upstreamDropped) this.caller.finish();
  }
}
