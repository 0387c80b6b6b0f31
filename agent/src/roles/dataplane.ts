import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { DataplaneContext } from '../connection/dataplane-context.ts';
import { EnrolledNetns } from '../connection/enrolled-netns.ts';
import { Recorder } from '../connection/recorder.ts';
import { relieve } from '../connection/relief.ts';
import { Room } from '../connection/room.ts';
import { Turns } from '../connection/turns.ts';
import { World } from '../decide/world.ts';
import { Guards } from '../guard/guards.ts';
import { LimitGuard } from '../guard/limits.ts';
import { OperationBook } from '../guard/operation-book.ts';
import type { IssuerKeys } from '../identity/issuer.ts';
import type {
  DataplaneSettings,
  FdPacket,
  FromDataplane,
  NamespaceId,
  ToDataplane,
} from '../ipc/messages.ts';
import { systemClock } from '../kernel/clock.ts';
import { cpuSeconds } from '../kernel/cpu-seconds.ts';
import { fingerprints } from '../kernel/fingerprint.ts';
import { keepHeapSmall, letHeapGrow } from '../kernel/heap.ts';
import { closeFd } from '../kernel/libc.ts';
import { recvFds } from '../kernel/libc-fds.ts';
import { raiseDescriptorLimit } from '../kernel/libc-limits.ts';
import { giveBackFreed } from '../kernel/libc-memory.ts';
import { partsOf } from '../kernel/parts.ts';
import { DataplaneInbound } from './dataplane-inbound.ts';
import { DataplaneLearned } from './dataplane-learned.ts';
import { DataplaneNews } from './dataplane-news.ts';
import { idGuards } from './id-guards.ts';
import { Rounds } from './rounds.ts';
import { tokenVerifier, type VerifyToken } from './token-verifier.ts';
import { changeWorld } from './world-changes.ts';

/**
 * The dataplane process: accepts, parses, decides and relays, with no capability and nothing but the sockets it is
 * handed. Started by control with an IPC channel and, on fd 3, the packet channel that descriptors arrive on.
 */

const FD_CHANNEL = 3;
const DRAIN_POLL_MS = 50;
const RECORDS_MS = 100;
const TOTALS_MS = 1_000;
const FINDINGS_MS = 500;
const CATALOG_MS = 1_000;
const INBOUND_REVIEW_MS = 1_000;
const GIVE_BACK_MS = 10_000;
/** Records, or usages, per IPC message: a larger one blocks both loops for longer than a small request takes. */
const MOST_PER_MESSAGE = 256;
/** Descriptors kept back for Node itself, listeners and batches on their way. */
const RESERVED_DESCRIPTORS = 1_024;
/** A denied request's body up to this size is read and thrown away. */
const MAX_DISCARD_BYTES = 1 << 20;

class Dataplane {
  private readonly netns = new Map<NamespaceId, EnrolledNetns>();
  private readonly context: DataplaneContext;
  private readonly limits: LimitGuard;
  private readonly guards: Guards;
  private readonly news: DataplaneNews;
  private readonly learned: DataplaneLearned;
  private verify: VerifyToken = async () => null;
  /** Messages that control has not taken yet. */
  private outstanding = 0;
  private readonly loopDelay = monitorEventLoopDelay({ resolution: 20 });
  private readonly room: Room;
  private readonly inbound: DataplaneInbound;
  /** Open connections notice soon that policies have changed, and a little later that a deadline is over. */
  private readonly sweeps = new Rounds((now) => this.sweep(now), { everyMs: 100, soonMs: 10 });
  private lastBeat = 0;
  /** In monotonic ms; null while it serves. */
  private drainDeadline: number | null = null;

  constructor(settings: DataplaneSettings) {
    const world = new World();
    world.opaquePorts = settings.opaquePorts;
    const idPrefix = randomBytes(4).toString('hex');
    const operations = new OperationBook({ now: systemClock.now, maxOperations: settings.maxOperations });
    this.limits = new LimitGuard({
      maxBuckets: settings.maxLimitBuckets,
      random: Math.random,
      wake: () => this.askSoon(),
    });
    this.guards = new Guards({
      node: settings.node,
      clock: systemClock,
      idPrefix,
      drift: { afterConnections: settings.driftAfterConnections, afterMs: settings.driftAfterMs },
      maxOpenFindings: settings.maxOpenFindings,
      findingQuietMs: settings.findingQuietMs,
      fingerprint: fingerprints(Buffer.from(settings.keys.fingerprintKey, 'base64')),
      shared: settings.newsMs > 0,
      limits: this.limits,
      ids: idGuards(settings, () => this.inbound.review()),
      operations,
      quarantine: (uid, detection) => send({ kind: 'quarantine', uid, detection }),
      verifyToken: (token, done) => void this.verify(token).then(done),
    });
    this.news = new DataplaneNews(this.guards.ids.enumeration.provenance, this.guards.credentials);
    this.context = {
      settings,
      world,
      limits: {
        maxHeadBytes: settings.maxHeadBytes,
        maxDiscardBytes: MAX_DISCARD_BYTES,
        maxHeldBytes: settings.maxHeldBytes,
      },
      recorder: new Recorder({
        node: settings.node,
        clock: systemClock,
        idPrefix,
        templateOf: (exchange, destination) => operations.templateOf(exchange, destination),
        maxRecords: settings.recordQueue,
      }),
      guards: this.guards,
      operations,
      now: systemClock.monotonic,
      turns: new Turns(setImmediate, (now) => this.sweeps.catchUp(now)),
      closeFd,
    };
    this.room = new Room({
      maxDescriptors: Math.max(256, Number(raiseDescriptorLimit()) - RESERVED_DESCRIPTORS),
      maxConnections: settings.maxConnections,
      used: () => ({ descriptors: this.descriptors, connections: this.connectionCount() }),
    });
    this.inbound = new DataplaneInbound(this.guards.ids.enumeration, this.netns, {
      idleMs: settings.inboundIdleMs,
      tell: (ns, wanted) => send({ kind: 'inbound-wanted', ns, wanted }),
    });
    this.learned = new DataplaneLearned(this.guards, (part) => this.report(part));
    this.loopDelay.enable();
    setInterval(() => this.unlessBehind(() => this.sendRecords()), RECORDS_MS);
    setInterval(() => this.unlessBehind(() => this.sendTotals()), TOTALS_MS);
    setInterval(() => this.unlessBehind(() => this.sendFindings()), FINDINGS_MS);
    setInterval(() => this.unlessBehind(() => this.sendCatalog()), CATALOG_MS);
    if (settings.learnedMs > 0) setInterval(() => void this.learned.tell(), settings.learnedMs);
    if (settings.newsMs > 0) setInterval(() => this.unlessBehind(() => this.sendNews()), settings.newsMs);
    setInterval(() => this.inbound.review(), INBOUND_REVIEW_MS);
    setInterval(giveBackFreed, GIVE_BACK_MS);
  }

  receive(message: ToDataplane): void {
    const { world, recorder, operations } = this.context;
    switch (message.kind) {
      case 'settings':
        break;
      case 'fds':
        this.receiveFds();
        break;
      case 'caller':
        this.netnsOf(message.ns).identify(message.caller);
        break;
      case 'namespace-gone':
        this.forget(message.ns, message.podLives);
        break;
      case 'services':
      case 'slices':
      case 'nodes':
        changeWorld(world, message);
        break;
      case 'egress-policies':
      case 'policies':
        changeWorld(world, message);
        this.sweeps.soon();
        if (message.kind === 'policies') operations.changePolicies(message.upsert, message.remove);
        break;
      case 'issuers':
        void this.replaceIssuers(message.issuers);
        break;
      case 'guard-profiles':
        this.guards.replaceProfiles(this.guards.profiles.with(message));
        break;
      case 'synced':
        world.synced = true;
        letHeapGrow();
        for (const netns of this.netns.values()) netns.release();
        break;
      case 'stream-all':
        recorder.streamAll = message.on;
        break;
      case 'stop-listening':
        this.netns.get(message.ns)?.stopListening('all');
        this.news.miss(this.context.now());
        break;
      case 'unseen':
        this.inbound.unseen(message.ns);
        break;
      case 'lease-reply':
        this.limits.replied(message.grants, message.failed, this.context.now());
        break;
      case 'learned':
        this.learned.hear(message.learned);
        break;
      case 'news':
        this.news.hear(message, this.context.now());
        break;
      case 'drain':
        this.drain(message.graceMs);
        break;
      default: {
        const never: never = message;
        throw new Error(`unknown message ${JSON.stringify(never)}`);
      }
    }
  }

  /** Connections of a pod that lives on go on; `sweep` forgets it when the last one has ended. */
  private forget(ns: NamespaceId, podLives: boolean): void {
    const netns = this.netns.get(ns);
    if (podLives) netns?.retire();
    else if (this.netns.delete(ns)) netns?.close();
  }

  private async replaceIssuers(issuers: readonly IssuerKeys[]): Promise<void> {
    this.verify = await tokenVerifier(issuers);
    this.guards.principals.replaceIssuers(issuers.map(({ issuer }) => issuer));
  }

  private netnsOf(id: NamespaceId): EnrolledNetns {
    let netns = this.netns.get(id);
    if (netns === undefined) {
      netns = new EnrolledNetns({
        id,
        context: this.context,
        requestSockets: (direction, family, count) =>
          send({ kind: 'need-sockets', ns: id, direction, family, count }),
        proved: (family, port) => send({ kind: 'proof', ns: id, family, port }),
        room: this.room,
        crowded: () => send({ kind: 'inbound-wanted', ns: id, wanted: 'later' }),
      });
      this.netns.set(id, netns);
    }
    return netns;
  }

  private receiveFds(): void {
    for (let packet = recvFds(FD_CHANNEL); packet !== null; packet = recvFds(FD_CHANNEL)) {
      const { fds } = packet;
      const description = JSON.parse(packet.payload) as FdPacket;
      if (description.kind === 'sockets') this.addSockets(description, fds);
      else if (description.kind === 'renewed')
        this.netns.get(description.ns)?.stopListening(description.direction);
      else {
        const netns = this.netnsOf(description.ns);
        for (const fd of fds) netns.listen(fd, description);
        // A namespace whose gate has closed meanwhile does not have to wait for the next regular beat.
        this.beat();
      }
    }
  }

  /** An order may come in after its pod is gone. */
  private addSockets(
    { ns, direction, family }: Extract<FdPacket, { kind: 'sockets' }>,
    fds: readonly number[],
  ): void {
    const netns = this.netns.get(ns);
    if (netns === undefined) for (const fd of fds) closeFd(fd);
    else netns.addSockets(direction, family, fds);
  }

  /** Tells that this event loop turns and for whom it accepts, which is what keeps their connections coming here. */
  private beat(): void {
    this.lastBeat = systemClock.monotonic();
    const namespaces = [...this.netns].flatMap(([ns, netns]) => (netns.isListening ? [ns] : []));
    if (namespaces.length > 0) send({ kind: 'beat', namespaces });
  }

  private get descriptors(): number {
    return [...this.netns.values()].reduce((sum, { descriptors }) => sum + descriptors, 0);
  }

  private connectionCount(): number {
    return [...this.netns.values()].reduce((sum, each) => sum + each.connections.size + each.waitingCount, 0);
  }

  private sweep(now: number): void {
    if (now - this.lastBeat >= this.context.settings.beatMs) this.beat();
    for (const [ns, netns] of this.netns) {
      netns.check(now);
      if (!netns.isOver) continue;
      netns.close();
      this.netns.delete(ns);
    }
    relieve([...this.netns.values()], this.context.settings.maxBufferedBytes);
  }

  /** While control is slow, records wait in the recorder, which is bounded and counts what it drops; the channel is not. */
  private unlessBehind(report: () => void): void {
    if (this.outstanding === 0) report();
  }

  private report(message: FromDataplane): void {
    this.outstanding++;
    send(message, () => this.outstanding--);
  }

  private sendRecords(): void {
    const { records, dropped } = this.context.recorder.takeRecords();
    for (const part of partsOf(records, MOST_PER_MESSAGE))
      this.report({ kind: 'records', records: part, dropped: 0 });
    if (dropped > 0) this.report({ kind: 'records', records: [], dropped });
  }

  private sendFindings(): void {
    const { findings, dropped } = this.guards.takeFindings();
    for (const part of partsOf(findings, MOST_PER_MESSAGE))
      this.report({ kind: 'findings', findings: part, dropped: 0 });
    if (dropped > 0) this.report({ kind: 'findings', findings: [], dropped });
  }

  /** Asks for tokens once per tick, and not at all while there are enough. */
  private askSoon(): void {
    setTimeout(() => {
      const asks = this.limits.collect(this.context.now());
      if (asks.length > 0) send({ kind: 'lease-asks', asks });
      if (this.limits.hungry) this.askSoon();
    }, this.context.settings.limitTickMs);
  }

  private sendTotals(): void {
    const held = [...this.netns.values()].reduce((sum, netns) => sum + netns.waitingCount, 0);
    this.report({
      kind: 'totals',
      totals: {
        cells: this.context.recorder.takeCells(),
        verdicts: this.context.recorder.takeVerdicts(),
        openConnections: this.connectionCount() - held,
        heldConnections: held,
        recordsDropped: 0,
        loopLagMs: this.loopDelay.max / 1e6,
        rssBytes: process.memoryUsage.rss(),
        cpuSeconds: cpuSeconds(),
        ...this.guards.takeTotals(this.context.now()),
        partlyKnown: this.news.partlyKnown(this.context.now()),
        askedUnseen: this.inbound.askedUnseen(),
      },
    });
    this.loopDelay.reset();
  }

  private sendCatalog(): void {
    const { moves, usages, forgotten } = this.context.operations.take();
    if (moves.length > 0 || forgotten > 0) this.report({ kind: 'catalog', moves, usages: [], forgotten });
    for (const part of partsOf(usages, MOST_PER_MESSAGE))
      this.report({ kind: 'catalog', moves: [], usages: part, forgotten: 0 });
  }

  private sendNews(): void {
    for (const news of this.news.take()) this.report(news);
  }

  /** Accepts nothing more; what is open may finish within the grace, which a second word can only shorten. */
  private drain(graceMs: number): void {
    const now = this.context.now();
    const deadline = now + graceMs;
    if (this.drainDeadline !== null) {
      this.drainDeadline = Math.min(this.drainDeadline, deadline);
      return;
    }
    this.drainDeadline = deadline;
    for (const netns of this.netns.values()) netns.drain(now);
    const poll = setInterval(() => {
      if (!this.leave(this.context.now())) return;
      clearInterval(poll);
      this.sendRecords();
      this.sendFindings();
      this.sendTotals();
      for (const asks of this.limits.close(this.context.now())) send({ kind: 'lease-asks', asks });
      send({ kind: 'drained' });
    }, DRAIN_POLL_MS);
  }

  /** True when no connection is left. */
  private leave(now: number): boolean {
    const late = now >= (this.drainDeadline ?? now);
    for (const netns of this.netns.values()) netns.leave(now, late);
    return late || this.connectionCount() === 0;
  }
}

/** With a callback a broken channel is no uncaught error: `disconnect` follows, and ends the process. */
function send(message: FromDataplane, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
}

// What it is told of the cluster comes all at once; as JSON it is many times as large as what is kept of it.
keepHeapSmall();
let dataplane: Dataplane | null = null;
process.on('message', (message: ToDataplane) => {
  if (message.kind === 'settings') dataplane ??= new Dataplane(message.settings);
  else dataplane?.receive(message);
});
// Control is gone: so are the rules' keeper and every later socket; its successor starts afresh.
process.on('disconnect', () => process.exit(0));
send({ kind: 'ready', pid: process.pid });
