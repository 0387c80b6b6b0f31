import type { PodInfo } from '../identity/cluster-objects.ts';
import type { Clock } from '../kernel/clock.ts';
import { failModeOf } from './fail-mode.ts';
import { type InboundMode, inboundModeOf, inboundReason } from './inbound-mode.ts';
import type { Netns } from './netns.ts';
import { type Pairings, pair } from './pairing.ts';
import {
  type CaptureEvent,
  type LocalPods,
  type NetnsReport,
  NO_ATTEMPTS,
  NO_PROOFS,
  type PodReport,
} from './protocol.ts';
import { type QuicMode, quicModeOf } from './quic-mode.ts';
import type { FailMode } from './wish.ts';

/**
 * For so long after its namespace has gone, the addresses that a pod had are not believed to be its own: another pod may
 * have them before the kube API says so. Kubelets report within about ten seconds. Other addresses are those of a new
 * namespace, as after a crash of the sandbox.
 */
const WIDOWED_MS = 60_000;

/** What holds for pods that do not say. */
export interface PairingDefaults {
  readonly failMode: FailMode;
  readonly quic: QuicMode;
  readonly inbound: InboundMode;
}

/** Keeps who owns what, from the namespaces seen and the pods that control tells of. */
export class PairingBoard {
  readonly #clock: Clock;
  readonly #excluded: ReadonlySet<string>;
  readonly #defaults: PairingDefaults;
  readonly #widowed = new Map<string, { readonly since: number; readonly had: ReadonlySet<string> }>();
  #local: LocalPods = { pods: [], namespaces: [] };
  #reported = '';

  constructor(clock: Clock, excluded: readonly string[], defaults: PairingDefaults) {
    this.#clock = clock;
    this.#defaults = defaults;
    this.#excluded = new Set(excluded);
  }

  setLocal(local: LocalPods): void {
    this.#local = local;
  }

  /** A namespace has gone: the pod it was paired with has to show up with another one. */
  forget({ owner, interfaces }: Netns): void {
    if (owner.state !== 'paired' && owner.state !== 'opted-out') return;
    const listed = this.#local.pods.find(({ uid }) => uid === owner.uid)?.podIPs ?? [];
    const had = new Set([...interfaces.addresses, ...listed]);
    this.#widowed.set(owner.uid, { since: this.#clock.monotonic(), had });
  }

  /** Whether the owner of `netns`, one of `all`, is known and does not want it intercepted. */
  optsOut({ inode }: Netns, all: readonly Netns[]): boolean {
    return this.#pair(all).namespaces.get(inode)?.state === 'opted-out';
  }

  /** Writes the owner of each namespace into it. Returns a report when anything is not as it was reported last. */
  update(all: readonly Netns[]): Extract<CaptureEvent, { kind: 'pairings' }> | null {
    const pairings = this.#pair(all);
    for (const netns of all) {
      netns.owner = pairings.namespaces.get(netns.inode) ?? { state: 'unclaimed' };
      this.#choose(netns);
    }
    const byInode = new Map(all.map((netns) => [netns.inode, netns]));
    const report = {
      kind: 'pairings' as const,
      namespaces: all.map(netnsReport),
      pods: [...pairings.pods].map(([uid, capture]) => podReport(uid, capture, byInode)),
    };
    const text = JSON.stringify(report);
    if (text === this.#reported) return null;
    this.#reported = text;
    return report;
  }

  /** What an owner has said stays in force while it is in doubt who the owner is. */
  #choose(netns: Netns): void {
    const { owner } = netns;
    const pod = owner.state === 'paired' ? this.#local.pods.find(({ uid }) => uid === owner.uid) : undefined;
    if (pod === undefined) return;
    const namespaces = new Map(this.#local.namespaces.map((entry) => [entry.name, entry]));
    netns.failMode = failModeOf(pod, namespaces, this.#defaults.failMode);
    netns.quicMode = quicModeOf(pod, namespaces, this.#defaults.quic);
    netns.inboundMode = inboundModeOf(pod, namespaces, this.#defaults.inbound);
  }

  #isWidowed({ uid, podIPs }: PodInfo): boolean {
    const had = this.#widowed.get(uid)?.had;
    return had !== undefined && podIPs.some((ip) => had.has(ip));
  }

  #pair(all: readonly Netns[]): Pairings {
    for (const [uid, { since }] of this.#widowed) {
      if (this.#clock.monotonic() - since > WIDOWED_MS) this.#widowed.delete(uid);
    }
    return pair({
      namespaces: all.map(({ inode, interfaces }) => ({ inode, addresses: interfaces.addresses })),
      pods: this.#local.pods,
      optOut: {
        namespaces: new Map(this.#local.namespaces.map((entry) => [entry.name, entry])),
        excluded: this.#excluded,
      },
      paired: new Map(
        all.flatMap(({ inode, owner }) => ('uid' in owner ? [[inode, owner.uid] as const] : [])),
      ),
      widowed: new Set(this.#local.pods.filter((pod) => this.#isWidowed(pod)).map(({ uid }) => uid)),
    });
  }
}

const netnsReport = ({ inode, path, owner, interfaces, enrolment, problem }: Netns): NetnsReport => ({
  ns: enrolment?.id ?? null,
  inode,
  path,
  addresses: interfaces.addresses,
  owner,
  problem: problem ?? enrolment?.problem ?? null,
});

function podReport(
  uid: string,
  capture: Pairings['pods'] extends ReadonlyMap<string, infer C> ? C : never,
  byInode: ReadonlyMap<number, Netns>,
): PodReport {
  switch (capture.state) {
    case 'paired':
      return pairedReport(uid, byInode.get(capture.inode));
    case 'refused':
      return { uid, state: 'refused', ns: null, reason: capture.problem, cause: capture.cause, ...NOTHING };
    case 'opted-out':
    case 'waiting':
      return {
        uid,
        state: capture.state,
        ns: null,
        reason: capture.reason,
        cause: capture.cause,
        ...NOTHING,
      };
  }
}

/** Of a pod that is not enrolled. */
const NOTHING = { failMode: null, inbound: null, proofs: NO_PROOFS, attempts: NO_ATTEMPTS };

const unproven = (proofs: PodReport['proofs']): string[] =>
  ([4, 6] as const).flatMap((family) => {
    const proof = proofs[family];
    return proof?.state === 'failed'
      ? [`a connection by IPv${family} did not come to the agent: ${proof.why}`]
      : [];
  });

function pairedReport(uid: string, netns: Netns | undefined): PodReport {
  const enrolment = netns?.enrolment ?? null;
  if (enrolment !== null) {
    const { proofs = NO_PROOFS, attempts = NO_ATTEMPTS } = netns ?? {};
    const notes = [
      enrolment.problem,
      netns?.failMode?.problem ?? null,
      netns?.quicMode?.problem ?? null,
      netns?.inboundMode?.problem ?? null,
      ...unproven(proofs),
    ];
    const reason = notes.filter((note) => note !== null).join('; ') || null;
    const cause = reason === null ? null : 'partial';
    const { id: ns, failMode } = enrolment;
    const choice = netns?.inboundMode ?? null;
    const isObserved = enrolment.inboundListeners.length > 0;
    const inbound = isObserved ? (choice === null ? 'ids' : inboundReason(choice)) : null;
    return { uid, state: 'enrolled', ns, reason, cause, failMode, inbound, proofs, attempts };
  }
  return netns?.problem == null
    ? {
        uid,
        state: 'waiting',
        ns: null,
        reason: 'its rules are being put in place',
        cause: 'enrolling',
        ...NOTHING,
      }
    : { uid, state: 'refused', ns: null, reason: netns.problem, cause: 'rules_failed', ...NOTHING };
}
