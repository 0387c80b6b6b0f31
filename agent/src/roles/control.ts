import { ANOMALY_LIMITS, type DetectionId, GuardProfiles, type Workload } from '@eastwall/policy';
import type { CaptureEvent, PodReport } from '../capture/protocol.ts';
import type { FindingBook } from '../guard/finding-book.ts';
import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';
import { ServiceLabels } from '../identity/service-labels.ts';
import type { Labels } from '../kernel/label-selector.ts';
import type { ClusterListener, ClusterMessage } from '../kube/cluster-watch.ts';
import type { Finding } from '../record/finding.ts';
import type { Catalog } from '../sinks/catalog.ts';
import type { EventFeed } from '../sinks/event-feed.ts';
import type { FindingLog } from '../sinks/finding-log.ts';
import type { FlowLog } from '../sinks/flow-log.ts';
import type { Metrics } from '../sinks/metrics.ts';
import { AnomalyWatch } from './anomaly-watch.ts';
import { BypassWatch } from './bypass-watch.ts';
import { CallerBoard } from './caller-board.ts';
import type { DataplaneSupervisor } from './dataplane-supervisor.ts';
import { LocalPods } from './local-pods.ts';
import type { SinkReport, SupervisorLog } from './supervisor-options.ts';

export interface ControlOptions {
  readonly supervisor: DataplaneSupervisor;
  /** Tells capture whom to look for. */
  readonly tellCapture: (local: ReturnType<LocalPods['forCapture']>) => void;
  readonly flows: FlowLog;
  readonly events: EventFeed;
  /** What the agent itself has noticed. */
  readonly ownFindings: FindingBook;
  readonly findings: FindingLog;
  readonly catalog: Catalog;
  readonly metrics: Metrics;
  /** A finding is over when there was no sign of it for so long, in ms. */
  readonly findingQuietMs: number;
  /** How long a pod that a guard sets aside stays so, in ms. */
  readonly quarantineMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly log: SupervisorLog;
  /** Called once each, when it is so for the first time. */
  readonly onSynced: () => void;
  readonly onCaptureReady: () => void;
}

/** Dataplanes say themselves which findings are over, and may be behind with it. */
const FINDING_SLACK_MS = 5_000;

type CaptureReady = Extract<CaptureEvent, { kind: 'ready' }>;

/** What the agent knows of capture, for `status`. */
export interface CaptureFacts {
  readonly ready: CaptureReady | null;
  readonly directoryProblem: string | null;
  /** When it has last said anything, in monotonic ms; null when it never has. */
  readonly heardAt: number | null;
  readonly repairs: number;
  readonly pods: ReadonlyMap<string, PodReport>;
}

/**
 * The middle of the agent: what the kube API and capture report goes to the dataplanes, and what the dataplanes report
 * goes to the sinks. It decides nothing about traffic.
 */
export class Control implements ClusterListener {
  readonly #options: ControlOptions;
  readonly services = new ServiceLabels();
  readonly #local = new LocalPods();
  readonly #callers = new CallerBoard();
  readonly #bypass: BypassWatch;
  readonly anomalies: AnomalyWatch;
  #profiles = GuardProfiles.empty();
  #captureReady: CaptureReady | null = null;
  #directoryProblem: string | null = null;
  #captureHeardAt: number | null = null;
  #repairs = 0;
  #podReports = new Map<string, PodReport>();
  #recordsDropped = 0;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#bypass = new BypassWatch((sign) => options.ownFindings.note(sign));
    this.anomalies = new AnomalyWatch({
      limits: ANOMALY_LIMITS,
      now: options.now,
      monotonic: options.monotonic,
      note: (sign) => options.ownFindings.note(sign),
      quarantine: (caller, { kind }) => this.#quarantineAll(caller, kind),
      profiles: () => this.#profiles,
      workload: (name) => this.#local.workloadNamed(name),
    });
  }

  // === from the kube API ===

  message(message: ClusterMessage): void {
    const { supervisor, onSynced } = this.#options;
    if (message.kind !== 'synced') {
      if (message.kind === 'guard-profiles') this.#profiles = this.#profiles.with(message);
      supervisor.cluster(message);
      return;
    }
    supervisor.synced();
    onSynced();
  }

  pods(upsert: readonly PodInfo[], remove: readonly string[]): void {
    this.#local.changePods(upsert, remove);
    this.#options.tellCapture(this.#local.forCapture());
    this.#tellCallers();
  }

  namespaces(upsert: readonly NamespaceEntry[], remove: readonly string[]): void {
    this.#local.changeNamespaces(upsert, remove);
    this.#options.tellCapture(this.#local.forCapture());
    this.#tellCallers();
  }

  serviceLabels(key: string, labels: Labels | null): void {
    this.services.set(key, labels);
  }

  // === from capture ===

  captured(event: CaptureEvent): void {
    const { supervisor, log, monotonic } = this.#options;
    this.#captureHeardAt = monotonic();
    switch (event.kind) {
      case 'ready':
        this.#captureStarted(event);
        break;
      case 'enrolled':
        log.info({ ns: event.ns, path: event.path, tookMs: event.tookMs }, 'namespace enrolled');
        supervisor.enrol(
          event.ns,
          this.#callers.enrolled(event.ns, (uid) => this.#local.caller(uid)),
        );
        break;
      case 'inbound':
        log.info(
          { ns: event.ns, on: event.listeners.length > 0 },
          'what comes to a pod is observed, or not any more',
        );
        supervisor.inbound(event.ns);
        break;
      case 'unseen':
        supervisor.unseen(event.ns);
        break;
      case 'gone':
        log.info({ ns: event.ns, reason: event.reason }, 'namespace gone');
        this.#callers.gone(event.ns);
        supervisor.gone(event.ns, event.podLives);
        break;
      case 'failed':
        log.warn({ path: event.path, problem: event.problem }, 'namespace can not be enrolled');
        break;
      case 'repaired':
        this.#repairs += event.what.length;
        log.warn(
          { ns: event.ns, what: event.what },
          'rules or listeners had been changed, and were put back',
        );
        break;
      case 'proof':
        if (event.why === null) log.info({ ns: event.ns, family: event.family }, 'interception is proven');
        else
          log.warn(
            { ns: event.ns, family: event.family, why: event.why },
            'connections do not come to the agent',
          );
        break;
      case 'directory':
        this.#directoryProblem = event.problem;
        if (event.problem !== null)
          log.warn({ problem: event.problem }, 'the directory of namespaces is unreadable');
        break;
      case 'pairings':
        this.#paired(event);
        break;
      case 'able':
      case 'estate':
      case 'reconciled':
        break;
    }
  }

  // === from the dataplanes ===

  reported(report: SinkReport, dataplane: number): void {
    const { flows, events, metrics, catalog } = this.#options;
    switch (report.kind) {
      case 'totals':
        metrics.totals(report.totals);
        metrics.ids(report.totals.ids);
        this.#tick();
        break;
      case 'records':
        this.#recordsDropped += report.dropped;
        events.append(report.records);
        flows.append(report.records);
        break;
      case 'catalog':
        catalog.add(dataplane, report);
        metrics.usages(report.usages);
        this.anomalies.look(report.usages);
        break;
      case 'findings':
        this.#keep(report.findings, report.dropped);
        break;
      case 'quarantine':
        this.#quarantine(report);
        break;
    }
  }

  /** By uid, since a name may soon be another pod's. */
  #quarantine({ uid, detection }: { readonly uid: string; readonly detection: DetectionId }): void {
    const { quarantineMs, monotonic, log } = this.#options;
    if (!this.#local.quarantine(uid, monotonic() + quarantineMs)) return;
    const caller = this.#local.workload(uid);
    log.warn({ namespace: caller?.namespace, pod: caller?.pod, detection }, 'pod quarantined by a guard');
    this.#tellCallers();
  }

  #quarantineAll({ namespace, name }: Workload, detection: DetectionId): void {
    for (const uid of this.#local.podsOf(namespace, name)) this.#quarantine({ uid, detection });
  }

  #keep(changed: readonly Finding[], dropped: number): void {
    const { findings, metrics, events } = this.#options;
    metrics.findings.dropped(dropped);
    for (const finding of changed) {
      const before = findings.before(finding.id);
      if (before === null) metrics.findings.began(finding);
      events.finding(finding, before);
    }
    findings.append(changed, this.#options.monotonic());
  }

  /** Once a second and dataplane: often enough, and the only clock there is here. */
  #tick(): void {
    if (this.#local.release(this.#options.monotonic())) this.#tellCallers();
    const { ownFindings } = this.#options;
    this.#keep(ownFindings.drain(), ownFindings.takeDropped());
    this.#resolveForsaken();
  }

  /** A dataplane that ends leaves findings of which nobody will say that they are over. */
  #resolveForsaken(): void {
    const { findings, findingQuietMs, monotonic } = this.#options;
    const forsaken = findings.quietSince(monotonic() - findingQuietMs - FINDING_SLACK_MS);
    this.#keep(
      forsaken.map((finding) => ({ ...finding, state: 'resolved' as const })),
      0,
    );
  }

  // === for `status` ===

  get localPods(): readonly PodInfo[] {
    return this.#local.pods;
  }

  quarantinedBy(pod: PodInfo) {
    return this.#local.quarantinedBy(pod);
  }

  get captureFacts(): CaptureFacts {
    return {
      ready: this.#captureReady,
      directoryProblem: this.#directoryProblem,
      heardAt: this.#captureHeardAt,
      repairs: this.#repairs,
      pods: this.#podReports,
    };
  }

  get recordsDropped(): number {
    return this.#recordsDropped;
  }

  #captureStarted(event: CaptureReady): void {
    const { log, onCaptureReady } = this.#options;
    this.#captureReady = event;
    if (event.problem !== null) log.error({ problem: event.problem }, 'no pod of this node can be enrolled');
    else
      log.info(
        {
          exemption: event.exemption,
          rules: event.rules,
          zoneProblem: event.zoneProblem,
          gateProblem: event.gateProblem,
          ownerProblem: event.ownerProblem,
          guardProblem: event.guardProblem,
          inboundProblem: event.inboundProblem,
          countProblem: event.countProblem,
        },
        'capture is ready',
      );
    onCaptureReady();
  }

  #paired({ namespaces, pods }: Extract<CaptureEvent, { kind: 'pairings' }>): void {
    this.#podReports = new Map(pods.map((report) => [report.uid, report]));
    this.#bypass.look(pods, (uid) => this.#local.workload(uid));
    this.#callers.setOwners(namespaces.flatMap(({ ns, owner }) => (ns === null ? [] : [{ ns, owner }])));
    this.#tellCallers();
  }

  #tellCallers(): void {
    for (const [ns, caller] of this.#callers.changes((uid) => this.#local.caller(uid))) {
      this.#options.supervisor.caller(ns, caller);
    }
  }
}
