import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { registerAgentMetrics } from './admin/agent-metrics.ts';
import type { AgentStatus } from './admin/agent-status.ts';
import { registerProcessMetrics } from './admin/process-metrics.ts';
import { Readiness } from './admin/readiness.ts';
import { isAnswered, startAdmin } from './admin/server.ts';
import { CaptureClient } from './capture/client.ts';
import { adminSocketPath, type Config, handoverSocketPath } from './config/load.ts';
import type { Address } from './config/parsers.ts';
import { programFile } from './config/program-file.ts';
import { dataplaneSettings } from './config/slices.ts';
import { FindingBook } from './guard/finding-book.ts';
import { isPredecessorThere } from './handover/take-over.ts';
import { systemClock } from './kernel/clock.ts';
import { keepHeapSmall } from './kernel/heap.ts';
import { raiseDescriptorLimit } from './kernel/libc-limits.ts';
import { RecentPeak } from './kernel/recent-peak.ts';
import { connectKube } from './kube/client.ts';
import { ClusterWatch } from './kube/cluster-watch.ts';
import { ReleaseMark } from './kube/release-mark.ts';
import { removeStartupTaint } from './kube/startup-taint.ts';
import { WATCH_DEFAULTS } from './kube/watch.ts';
import { Control } from './roles/control.ts';
import { DataplaneSupervisor } from './roles/dataplane-supervisor.ts';
import { Departure } from './roles/departure.ts';
import { hostDataplaneCommand, nodeAddresses } from './roles/host.ts';
import { IssuerWatch } from './roles/issuer-keys.ts';
import { keptBy, LearnedKeeper } from './roles/learned-keeper.ts';
import { LeaseDesk } from './roles/lease-desk.ts';
import { NewsDesk } from './roles/news-desk.ts';
import { Snapshot } from './roles/snapshot.ts';
import { reportStatus } from './roles/status-report.ts';
import { Succession } from './roles/succession.ts';
import { Catalog } from './sinks/catalog.ts';
import { EventFeed } from './sinks/event-feed.ts';
import { FindingLog } from './sinks/finding-log.ts';
import { FlowLog } from './sinks/flow-log.ts';
import { KubeEventSink } from './sinks/kube-event-sink.ts';
import { Metrics } from './sinks/metrics.ts';
import { openSinks, sinkStatus } from './sinks/open-sinks.ts';
import { LogSink, OcsfOutputSink } from './sinks/output-sink.ts';
import { guardSecrets } from './store/guard-secrets.ts';
import { openNews, openStore, storeSecret } from './store/open-store.ts';

export interface AppOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: Logger;
}

export interface App {
  readonly addresses: {
    readonly socket: string;
    readonly metrics: Address | null;
    readonly admin: Address | null;
  };
  /** Settles, with the reason, when a part has failed that the agent can't go on without. */
  readonly failed: Promise<Error>;
  /** Lets open exchanges finish for up to `graceMs`, then ends everything. Rejects when rules are left behind. */
  shutdown(graceMs: number): Promise<void>;
  /** Ends open exchanges at once, where `shutdown` still waits for them. */
  hurry(): void;
}

/**
 * The composition root: builds the agent top to bottom. Rejects when the kubeconfig can't be used, an address is taken,
 * or another agent runs that can't be taken over from; a kube API that does not answer is not a reason.
 */
export async function startApp({ config, version, log }: AppOptions): Promise<App> {
  keepHeapSmall();
  const startedAt = systemClock.now();
  const kube = connectKube({ kubeconfig: config.kubeconfig, clock: systemClock });
  const loopDelay = monitorEventLoopDelay({ resolution: 20 });
  loopDelay.enable();
  const controlLag = new RecentPeak();
  raiseDescriptorLimit();

  // === sinks ===
  const registry = new Registry();
  const reporter = { node: config.node, version, paths: config.eventPaths };
  const sinks = openSinks(config, {
    reporter,
    log,
    now: systemClock.now,
    random: Math.random,
    newId: (bytes) => randomBytes(bytes).toString('hex'),
  });
  if (config.kubeEvents === 'on')
    sinks.push(
      new KubeEventSink({
        client: kube,
        perMinute: config.kubeEventsPerMinute,
        uidOf: (namespace, name) =>
          control.localPods.find((pod) => pod.namespace === namespace && pod.name === name)?.uid ?? '',
        monotonic: systemClock.monotonic,
        random: Math.random,
      }),
    );
  const events = new EventFeed({
    sinks: [
      ...sinks,
      config.eventFormat === 'ocsf'
        ? new OcsfOutputSink((line) => process.stdout.write(line), reporter)
        : new LogSink(log, reporter),
    ],
    clock: systemClock,
    perSecond: config.eventsPerSecond,
    onSuppressed: (suppressed) =>
      log.warn({ suppressed }, 'more events than are told (`--events-per-second`)'),
  });
  const flows = new FlowLog(
    { capacity: config.flowLogRecords, maxSubscribers: config.maxTails, queue: config.tailQueue },
    (on) => supervisor.streamAll(on),
  );
  const findings = new FindingLog({ capacity: config.findingLog, maxSubscribers: config.maxTails });
  let ownSequence = 0;
  const ownFindings = new FindingBook({
    node: config.node,
    clock: systemClock,
    newId: () => `ef-${startedAt.toString(36)}-${(ownSequence++).toString(36)}`,
    maxOpen: config.maxOpenFindings,
    quietMs: config.findingQuietMs,
  });
  const catalog = new Catalog(config.maxOperations);
  const metrics = new Metrics(registry, {
    maxSeries: config.maxSeries,
    findings,
    catalog,
    monotonic: systemClock.monotonic,
  });
  const readiness = new Readiness(['cluster', 'capture', 'dataplanes', 'succession']);
  const failed = Promise.withResolvers<Error>();

  // === roles ===
  const snapshot = new Snapshot();
  const limitBuckets = config.maxLimitBuckets * config.dataplanes;
  const command = hostDataplaneCommand(programFile('roles/dataplane'));
  const leases = new LeaseDesk(openStore(config, limitBuckets, log), limitBuckets);
  const secrets = guardSecrets(storeSecret(config));
  const supervisor: DataplaneSupervisor = new DataplaneSupervisor({
    count: config.dataplanes,
    command,
    settings: dataplaneSettings(config, secrets.keys),
    restartDelayMs: config.restartDelayMs,
    maxRestartDelayMs: config.maxRestartDelayMs,
    hangTimeoutMs: config.hangTimeoutMs,
    snapshot,
    descriptors: {
      sendListeners: (ns, only, channelFd) => capture.sendListeners(ns, only, channelFd),
      sendSockets: (order, channelFd) => capture.sendSockets(order, channelFd),
    },
    log,
    onServing: () => readiness.done('dataplanes'),
    onBeat: (namespaces) => capture.beat(namespaces),
    onUnserved: (namespaces) => capture.unserved(namespaces),
    onProof: (ns, family, port) => capture.proved(ns, family, port),
    onReport: (report, dataplane) => control.reported(report, dataplane),
    onNews: (news, dataplane) => desk.told(news, dataplane),
    learned: () => keeper.learned,
    onLearned: (message, dataplane) => keeper.told(message, dataplane),
    onAsks: (asks, answer) => leases.asked(asks, answer),
    onInboundWanted: (ns, wanted) => {
      if (wanted === 'later') capture.unserved([ns]);
      else capture.inbound(ns, wanted);
    },
  });
  const channel = openNews(config, secrets.sealKey, {
    workloads: () => supervisor.workloads(),
    heard: (news) => desk.heard(news),
    count: (fate) => metrics.news.add(fate),
  });
  if (config.store !== null && channel === null)
    log.warn('without a password or secret of the store, guards share nothing with other nodes');
  const desk: NewsDesk = new NewsDesk({
    tell: (news, from) => supervisor.news(news, from),
    publish: (news) => channel?.publish(news),
    metrics: metrics.news,
  });
  const control: Control = new Control({
    supervisor,
    tellCapture: (local) => capture.pods(local),
    flows,
    events,
    ownFindings,
    findings,
    catalog,
    metrics,
    findingQuietMs: config.findingQuietMs,
    quarantineMs: config.quarantineMs,
    now: systemClock.now,
    monotonic: systemClock.monotonic,
    log,
    onSynced: () => readiness.done('cluster'),
    onCaptureReady: () => readiness.done('capture'),
  });
  const keeper: LearnedKeeper = new LearnedKeeper({
    path: config.learnedDir === '' ? null : join(config.learnedDir, 'learned'),
    dataplanes: config.dataplanes,
    catalog,
    anomalies: control.anomalies,
    onRead: () => supervisor.tellLearned(),
    log,
  });
  const issuers = new IssuerWatch({
    issuers: config.jwtIssuers,
    refreshMs: config.jwtKeysMs,
    onKeys: (keys) => supervisor.issuers(keys),
    log,
  });
  const kubeContext = {
    client: kube,
    clock: systemClock,
    log,
    random: Math.random,
    settings: WATCH_DEFAULTS,
  };
  const mark =
    config.releaseMark === null
      ? null
      : new ReleaseMark(kubeContext, config.releaseMark, (stay) => {
          if (stay === 'leaving')
            // Also of an agent that has crashed meanwhile: what it has left is found only once it has begun.
            void readiness.all('succession').then(() => departure.uninstall(config.uninstallDrainMs));
          else if (stay === 'stays' && departure.state.state !== 'here')
            failed.resolve(new Error('the uninstall was called off: begins anew'));
        });
  const cluster = new ClusterWatch({
    context: kubeContext,
    node: config.node,
    nodePorts: config.nodePorts === 'on',
    listener: control,
  });

  // === what can be asked ===
  const status = (): AgentStatus => {
    const at = systemClock.monotonic();
    controlLag.note(loopDelay.max / 1e6, at);
    loopDelay.reset();
    const now = systemClock.now();
    const { kept, subscribers, dropped } = flows.counts;
    return {
      node: config.node,
      version,
      pid: process.pid,
      startedAt,
      ready: readiness.ready,
      waitingFor: readiness.waitingFor,
      onExit: config.onExit,
      ...reportStatus({
        snapshot,
        supervisor,
        command,
        cluster: cluster.status(),
        capture: control.captureFacts,
        localPods: control.localPods,
        quarantinedBy: (pod) => control.quarantinedBy(pod),
        opaquePorts: config.opaquePorts,
        store: leases.status,
        now,
        monotonic: at,
      }),
      flows: {
        kept,
        tails: subscribers,
        droppedByDataplanes: control.recordsDropped,
        droppedForTails: dropped,
      },
      news: channel === null ? null : { problem: channel.problem },
      issuers: issuers.status(),
      eventsSuppressed: events.suppressed,
      sinks: sinks.map(sinkStatus),
      controlLoopLagMs: controlLag.of(at),
    };
  };
  registerAgentMetrics(registry, status);
  registerProcessMetrics(registry);
  const socket = adminSocketPath(config.runDir);
  const meeting = handoverSocketPath(config.runDir);
  if (!isPredecessorThere(meeting) && (await isAnswered(socket)))
    throw new Error(`another agent is running: it answers on ${socket}`);
  const admin = await startAdmin({
    socketPath: socket,
    address: config.metricsAddress,
    metricsTokenFile: config.metricsTokenFile,
    forwardAddress: config.adminAddress,
    sources: {
      status,
      readiness,
      departure: () => departure.state,
      flows,
      services: control.services,
      findings,
      catalog,
      metrics: () => registry.metrics(),
      metricsType: registry.contentType,
    },
  });

  // === start: whoever is told comes before whoever tells ===
  supervisor.start();
  const capture: CaptureClient = new CaptureClient(
    {
      netnsDir: config.netnsDir,
      reconcileIntervalMs: config.reconcileIntervalMs,
      excludedNamespaces: config.excludedNamespaces,
      exemption: config.exemption,
      rules: config.rules,
      failMode: config.failMode,
      inbound: config.inbound,
      quic: config.quic,
      packetGuard: config.packetGuard,
      proofIntervalMs: config.proofIntervalMs,
      gateTimeoutMs: config.gateTimeoutMs,
      nodeAddresses: nodeAddresses(),
    },
    {
      onEvent: (event) => {
        control.captured(event);
        succession.captured(event);
        if (event.kind === 'able')
          failed.resolve(new Error('pods can be enrolled on this node now: begins anew'));
      },
      onCrash: failed.resolve,
    },
  );
  const succession = new Succession({
    path: meeting,
    capture: keptBy(keeper, capture),
    supervisor,
    captureProblem: () => control.captureFacts.ready?.problem ?? null,
    admin,
    log,
  });
  const departure = new Departure({
    readiness,
    succession,
    supervisor,
    capture,
    learned: keeper,
    onExit: config.onExit,
    stay: () => mark?.stay ?? 'stays',
    word: async () => mark?.word(WORD_MS),
    log,
  });
  setInterval(() => void keeper.save(), config.learnedEveryMs).unref();
  issuers.start();
  cluster.start().catch(failed.resolve);
  mark?.start().catch(failed.resolve);
  succession
    .begin(readiness.all('cluster', 'capture', 'dataplanes'))
    .then(() => readiness.done('succession'), failed.resolve);
  const stopping = new AbortController();
  if (config.startupTaint !== '')
    void readiness
      .all('cluster', 'capture', 'dataplanes', 'succession')
      .then(() =>
        removeStartupTaint(kubeContext, { node: config.node, key: config.startupTaint }, stopping.signal),
      )
      .catch(failed.resolve);

  return {
    addresses: { socket, metrics: admin.address, admin: admin.forwardAddress },
    failed: failed.promise,
    shutdown: async (graceMs) => {
      const gone = await departure.go(graceMs).then(
        () => null,
        (error: Error) => error,
      );
      await keeper.save();
      // Until here: policies change also for connections that are at their last requests.
      stopping.abort();
      issuers.stop();
      await Promise.all([cluster.stop(), mark?.stop()]);
      leases.close();
      channel?.close();
      await Promise.all(sinks.map((sink) => sink.close(SINK_GRACE_MS)));
      await admin.close();
      loopDelay.disable();
      if (gone !== null) throw gone;
    },
    hurry: () => supervisor.hurry(),
  };
}

/** What may be left to deliver at the end waits on disk for the next agent. */
const SINK_GRACE_MS = 3_000;

/** Between the deletions of a release's first object and of its last. */
const WORD_MS = 3_000;
