import { type DetectionId, GuardProfiles, type GuardSettings, type Workload } from '@eastwall/policy';
import type { Parties, Watcher, WatcherSource } from '../exchange/watch.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Fingerprint } from '../kernel/fingerprint.ts';
import type { Finding } from '../record/finding.ts';
import type { IdCounts } from '../record/id-counts.ts';
import type { Learned } from '../record/learned.ts';
import type { LimitTotals } from '../record/limit-totals.ts';
import { ConnectionWatcher } from './connection-watcher.ts';
import { Credentials } from './credentials.ts';
import { AdminEndpoints } from './endpoints.ts';
import { FindingBook } from './finding-book.ts';
import type { IdGuards } from './id-watch.ts';
import { InboundWatcher } from './inbound-watch.ts';
import type { LimitGuard } from './limits.ts';
import type { OperationBook } from './operation-book.ts';
import { Principals, type VerifiedToken } from './principals.ts';
import { ProtocolLedger, type ProtocolLedgerOptions } from './protocol-ledger.ts';
import { Responder } from './responder.ts';

export interface GuardsOptions {
  readonly node: string;
  readonly clock: Clock;
  /** Tells this process's findings from every other's. */
  readonly idPrefix: string;
  readonly maxOpenFindings: number;
  readonly findingQuietMs: number;
  readonly fingerprint: Fingerprint;
  /** Others are told who uses which credential. */
  readonly shared: boolean;
  /** When a destination counts as one that speaks HTTP. */
  readonly drift: Pick<ProtocolLedgerOptions, 'afterConnections' | 'afterMs'>;
  readonly limits: LimitGuard;
  readonly ids: IdGuards;
  readonly operations: OperationBook;
  /** Sets a pod aside, by its uid. */
  quarantine(uid: string, detection: DetectionId): void;
  /** Answers later, once. */
  verifyToken(token: string, done: (verified: VerifiedToken | null) => void): void;
}

/** What the guards of one process keep in mind; each is a few hundred bytes. */
const MAX_CREDENTIALS = 10_000;
const MAX_THROTTLED = 10_000;
const MAX_TOKENS = 10_000;
/** Verifying one takes about a tenth of a millisecond of the event loop. */
const MAX_PENDING_TOKENS = 100;
const MAX_DESTINATIONS = 10_000;

/** Everything of one dataplane process that watches exchanges beyond what policy says. */
export class Guards implements WatcherSource {
  readonly findings: FindingBook;
  readonly responder: Responder;
  readonly credentials: Credentials;
  readonly principals: Principals;
  readonly protocols: ProtocolLedger;
  readonly adminEndpoints = new AdminEndpoints();
  readonly limits: LimitGuard;
  readonly ids: IdGuards;
  readonly operations: OperationBook;
  #profiles = GuardProfiles.empty();
  #sequence = 0;

  constructor(options: GuardsOptions) {
    const { node, clock, idPrefix, maxOpenFindings, findingQuietMs, fingerprint } = options;
    this.findings = new FindingBook({
      node,
      clock,
      newId: () => `ef-${idPrefix}-${(this.#sequence++).toString(36)}`,
      maxOpen: maxOpenFindings,
      quietMs: findingQuietMs,
    });
    this.responder = new Responder({
      findings: this.findings,
      quarantine: (uid, detection) => options.quarantine(uid, detection),
      maxThrottled: MAX_THROTTLED,
    });
    this.limits = options.limits;
    this.ids = options.ids;
    this.operations = options.operations;
    this.principals = new Principals({
      fingerprint,
      verify: (token, done) => options.verifyToken(token, done),
      wallClock: () => clock.now(),
      monotonic: () => clock.monotonic(),
      maxTokens: MAX_TOKENS,
      maxPending: MAX_PENDING_TOKENS,
    });
    this.protocols = new ProtocolLedger({ ...options.drift, maxDestinations: MAX_DESTINATIONS });
    this.credentials = new Credentials({
      fingerprint,
      maxCredentials: MAX_CREDENTIALS,
      shared: options.shared,
    });
  }

  /** What is done about findings, by the namespace of their caller. */
  get profiles(): GuardProfiles {
    return this.#profiles;
  }

  settingsFor(caller: Workload): GuardSettings {
    return this.#profiles.for(caller.namespace);
  }

  watcher(parties: Parties): Watcher {
    return new ConnectionWatcher(this, parties);
  }

  inbound(pod: () => Workload, parties: Parties): Watcher {
    return new InboundWatcher({ ids: this.ids, operations: this.operations, pod }, parties);
  }

  replaceProfiles(profiles: GuardProfiles): void {
    this.#profiles = profiles;
  }

  /** What has been learnt of the traffic and should outlive this process. `now` is monotonic milliseconds. */
  *save(now: number): Generator<Learned> {
    yield* this.operations.save((operation) => this.ids.reader.about(operation).key);
    yield* this.ids.enumeration.save();
    yield* this.protocols.save(now);
  }

  /** Takes up what was learnt before, here or by another process; what is known by now stays as it is. */
  restore(learned: Learned, now: number): void {
    switch (learned.kind) {
      case 'operation': {
        const operation = this.operations.restore(learned);
        if (operation !== null) this.ids.reader.adopt(operation, learned.key);
        break;
      }
      case 'baseline':
        this.ids.enumeration.restore(learned);
        break;
      case 'protocol':
        this.protocols.restore(learned, now);
        break;
    }
  }

  /** What was counted of limits, and how far ids were seen, since the last call. */
  takeTotals(now: number): { readonly limits: LimitTotals; readonly ids: IdCounts } {
    const { reader, enumeration } = this.ids;
    const { shown, forgotten } = enumeration.provenance.takeCounts();
    const ids = {
      ...reader.takeBodies(),
      shown,
      forgotten: {
        callers: enumeration.takeEvictions(),
        workloads: forgotten,
        credentials: this.credentials.takeForgotten(),
      },
    };
    return { limits: this.limits.takeTotals(now), ids };
  }

  /** Findings that have changed since the last call, and how many signs there was no room for. */
  takeFindings(): { findings: Finding[]; dropped: number } {
    return { findings: this.findings.drain(), dropped: this.findings.takeDropped() };
  }
}
