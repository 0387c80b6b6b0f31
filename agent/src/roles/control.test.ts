import type { Workload } from '@eastwall/policy';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { aFinding } from '../../testing/findings.ts';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { noIdCounts } from '../../testing/id-counts.ts';
import { aUsage } from '../../testing/operation-usage.ts';
import { podInfo } from '../../testing/pod-info.ts';
import type { CaptureEvent } from '../capture/protocol.ts';
import { NO_ATTEMPTS, NO_PROOFS } from '../capture/protocol.ts';
import type { AgentEvent } from '../events/agent-event.ts';
import { FindingBook } from '../guard/finding-book.ts';
import { QUARANTINE_ANNOTATION } from '../identity/quarantine.ts';
import type { DataplaneTotals } from '../ipc/messages.ts';
import type { Finding } from '../record/finding.ts';
import { Catalog } from '../sinks/catalog.ts';
import { EventFeed } from '../sinks/event-feed.ts';
import { FindingLog } from '../sinks/finding-log.ts';
import { EVERYTHING } from '../sinks/flow-filter.ts';
import { FlowLog } from '../sinks/flow-log.ts';
import { Metrics } from '../sinks/metrics.ts';
import { Control, type ControlOptions } from './control.ts';

const READY: CaptureEvent = {
  kind: 'ready',
  exemption: { kind: 'mark', why: 'chosen by the settings' },
  rules: 'nft',
  zoneProblem: null,
  gateProblem: null,
  ownerProblem: null,
  guardProblem: null,
  inboundProblem: null,
  countProblem: null,
  problem: null,
};
const ENROLLED: CaptureEvent = {
  kind: 'enrolled',
  ns: 3,
  inode: 30,
  path: '/run/netns/a',
  listeners: [],
  estate: { makers: [], listenerMark: 1, exemptions: [] },
  tookMs: 5,
};
/** Of a dataplane that has nothing to say but that it lives. */
const TOTALS = {
  cells: [],
  verdicts: [],
  limits: { cells: [] },
  ids: noIdCounts(),
} as unknown as DataplaneTotals;

const PAIRED: CaptureEvent = {
  kind: 'pairings',
  namespaces: [
    {
      ns: 3,
      inode: 30,
      path: '/run/netns/a',
      addresses: ['10.0.0.2'],
      owner: { state: 'paired', uid: 'u-1' },
      problem: null,
    },
    {
      ns: null,
      inode: 31,
      path: '/run/netns/b',
      addresses: [],
      owner: { state: 'unclaimed' },
      problem: 'no rules',
    },
  ],
  pods: [
    {
      uid: 'u-1',
      state: 'enrolled',
      ns: 3,
      reason: null,
      cause: null,
      failMode: 'open' as const,
      inbound: null,
      proofs: NO_PROOFS,
      attempts: NO_ATTEMPTS,
    },
  ],
};

function setUp() {
  const clock = { now: 1_000, monotonic: 0 };
  const told: unknown[][] = [];
  const tell =
    (what: string) =>
    (...args: unknown[]) => {
      told.push([what, ...args]);
    };
  const log = { info: () => {}, warn: tell('warn'), error: tell('error') };
  const supervisor = {
    cluster: tell('cluster'),
    synced: tell('synced'),
    enrol: tell('enrol'),
    caller: tell('caller'),
    gone: tell('gone'),
  } as unknown as ControlOptions['supervisor'];
  const flows = new FlowLog({ capacity: 10, maxSubscribers: 1, queue: 10 }, () => {});
  const findings = new FindingLog({ capacity: 10, maxSubscribers: 1 });
  const ownFindings = new FindingBook({
    node: 'node-1',
    clock: { now: () => 1_000, monotonic: () => 0 },
    newId: () => 'ef-own',
    maxOpen: 10,
    quietMs: 1_000,
  });
  const catalog = new Catalog(10);
  const events: AgentEvent[] = [];
  const control = new Control({
    supervisor,
    tellCapture: tell('capture'),
    flows,
    ownFindings,
    findings,
    catalog,
    events: new EventFeed({
      sinks: [{ accept: (event) => void events.push(event) }],
      clock: { now: () => 0, monotonic: () => 0 },
      perSecond: 100,
      onSuppressed: () => {},
    }),
    metrics: new Metrics(new Registry(), { maxSeries: 10, findings, catalog, monotonic: () => clock.now }),
    findingQuietMs: 10_000,
    quarantineMs: 60_000,
    now: () => clock.now,
    monotonic: () => clock.monotonic,
    log,
    onSynced: tell('cluster is synced'),
    onCaptureReady: tell('capture is ready'),
  });
  return { control, clock, told, flows, findings, catalog, events, kinds: () => told.map(([what]) => what) };
}

describe('Control', () => {
  it('tells a dataplane who owns a namespace as soon as both sides are known, in either order', () => {
    const { control, told } = setUp();
    control.pods([podInfo()], []);
    control.captured(ENROLLED);
    control.captured(PAIRED);
    expect(told).toContainEqual(['enrol', 3, { state: 'pending' }]);
    expect(told.at(-1)).toEqual([
      'caller',
      3,
      { state: 'known', workload: expect.objectContaining({ pod: 'frontend-1' }) },
    ]);

    const other = setUp();
    other.control.captured(PAIRED);
    other.control.pods([podInfo()], []);
    other.control.captured(ENROLLED);
    expect(other.told.at(-1)).toMatchObject(['enrol', 3, { state: 'known' }]);
  });

  it('passes cluster changes on in their order, and `synced` after them', () => {
    const { control, kinds } = setUp();
    control.message({ kind: 'services', upsert: [], remove: ['shop/a'] });
    control.message({ kind: 'policies', upsert: [], remove: [] });
    control.message({ kind: 'synced' });
    expect(kinds()).toEqual(['cluster', 'cluster', 'synced', 'cluster is synced']);
  });

  it('tells capture of pods and of Namespaces that change how pods are treated', () => {
    const { control, told } = setUp();
    control.pods([podInfo()], []);
    control.namespaces(
      [{ name: 'shop', labels: { 'eastwall.dev/capture': 'disabled' }, annotations: {} }],
      [],
    );
    expect(told.at(-1)).toMatchObject([
      'capture',
      { pods: [{ uid: 'u-1' }], namespaces: [{ name: 'shop' }] },
    ]);
  });

  it('counts repairs, and is ready also where nothing can be enrolled, loudly', () => {
    const { control, told, kinds } = setUp();
    control.captured({ ...READY, problem: 'no iptables' });
    control.captured({ kind: 'repaired', ns: 3, what: ['IPv4 rules', 'IPv6 rules'] });
    control.captured({ kind: 'directory', problem: 'EIO' });
    expect(kinds()).toEqual(['error', 'capture is ready', 'warn', 'warn']);
    expect(told[0]).toEqual(['error', { problem: 'no iptables' }, 'no pod of this node can be enrolled']);
    const directoryProblem = 'EIO';
    expect(control.captureFacts).toMatchObject({
      repairs: 2,
      directoryProblem,
      heardAt: 0,
      ready: { problem: 'no iptables' },
    });
  });

  it('keeps every record, logs those that were blocked, and counts what the dataplanes lost', () => {
    const { control, flows, events } = setUp();
    control.reported(
      {
        kind: 'records',
        records: [flowRecord({ id: 'a' }), deniedRecord({ id: 'b' })],
        dropped: 4,
      },
      0,
    );
    expect(flows.since(0, EVERYTHING).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(events).toMatchObject([{ kind: 'exchange', record: { id: 'b' } }]);
    expect(control.recordsDropped).toBe(4);
  });

  it('adds up what its dataplanes say of operations', () => {
    const { control, catalog } = setUp();
    for (const dataplane of [0, 1])
      control.reported({ kind: 'catalog', moves: [], usages: [aUsage()], forgotten: 1 }, dataplane);
    expect(catalog.usages).toMatchObject([{ calls: 2 }]);
    expect(catalog.forgotten).toBe(2);
  });

  it('keeps findings, and logs when one begins and when it is over', () => {
    const { control, findings, events } = setUp();
    const tell = (changes: Partial<Finding>) =>
      control.reported({ kind: 'findings', findings: [aFinding(changes)], dropped: 0 }, 0);
    tell({ count: 1 });
    tell({ count: 2 });
    tell({ count: 2, state: 'resolved' });
    expect(findings.all).toMatchObject([{ count: 2, state: 'resolved' }]);
    expect(events).toMatchObject([
      { kind: 'finding', turn: 'began' },
      { kind: 'finding', turn: 'ended' },
    ]);
  });

  it('resolves a finding that nobody tells of any more, since its dataplane has ended', () => {
    const { control, clock, findings, events } = setUp();
    const tick = () => control.reported({ kind: 'totals', totals: TOTALS }, 1);
    control.reported({ kind: 'findings', findings: [aFinding({ lastSeen: clock.now })], dropped: 0 }, 0);
    // A dataplane that lives says so first.
    clock.monotonic += 10_000;
    tick();
    expect(findings.open).toHaveLength(1);
    // Somebody sets the clock.
    clock.now += 3_600_000;
    tick();
    expect(findings.open).toHaveLength(1);
    clock.monotonic += 5_000;
    tick();
    tick();
    expect(findings.all).toMatchObject([{ state: 'resolved' }]);
    expect(events).toMatchObject([{ turn: 'began' }, { turn: 'ended' }]);
  });

  it('takes no finding that goes on for a new one, also where there are more than it keeps', () => {
    const { control, events } = setUp();
    const ids = Array.from({ length: 12 }, (_, at) => `ef-${at}`);
    for (const count of [1, 2, 3])
      for (const id of ids)
        control.reported({ kind: 'findings', findings: [aFinding({ id, count })], dropped: 0 }, 0);
    expect(events.map(({ uid }) => uid)).toEqual(ids.map((id) => `${id}-began`));
  });

  it('makes a finding of a pod that tries to get past the agent', () => {
    const { control, findings } = setUp();
    control.pods([podInfo()], []);
    const pods = PAIRED.kind === 'pairings' ? PAIRED.pods : [];
    const smuggling = pods.map((pod) => ({ ...pod, attempts: { ...NO_ATTEMPTS, smuggled: 4 } }));
    control.captured({ kind: 'pairings', namespaces: [], pods: smuggling });
    control.reported({ kind: 'totals', totals: TOTALS }, 0);
    expect(findings.all).toMatchObject([
      { detection: 'interception-bypass', severity: 'critical', caller: { pod: 'frontend-1' } },
    ]);
  });

  it('quarantines a pod by its annotation, its Namespace, or as a guard says for a while', () => {
    const { control, told, clock } = setUp();
    const isAside = () => {
      const [, , caller] = told.at(-1) ?? [];
      // What is shown is what is done.
      const shown = control.localPods.some((pod) => control.quarantinedBy(pod) !== null);
      expect(shown).toBe((caller as { workload: Workload }).workload.quarantined === true);
      return (caller as { workload: Workload }).workload.quarantined === true;
    };
    control.pods([podInfo()], []);
    control.captured(PAIRED);
    control.captured(ENROLLED);
    expect(isAside()).toBe(false);

    const aside = { [QUARANTINE_ANNOTATION]: 'true' };
    control.pods([podInfo({ annotations: aside })], []);
    expect(isAside()).toBe(true);
    control.pods([podInfo()], []);
    expect(isAside()).toBe(false);
    control.namespaces([{ name: 'shop', labels: {}, annotations: aside }], []);
    expect(isAside()).toBe(true);
    control.namespaces([], ['shop']);
    expect(isAside()).toBe(false);

    control.reported({ kind: 'quarantine', uid: 'u-1', detection: 'foreign-token' }, 0);
    expect(isAside()).toBe(true);
    // Somebody sets the clock.
    clock.now += 3_600_000;
    control.reported({ kind: 'totals', totals: TOTALS }, 0);
    expect(isAside()).toBe(true);
    clock.monotonic += 60_000;
    control.reported({ kind: 'totals', totals: TOTALS }, 0);
    expect(isAside()).toBe(false);
  });
});
