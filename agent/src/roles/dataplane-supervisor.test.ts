import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultDataplaneSettings } from '../../testing/dataplane-settings.ts';
import type { FromDataplane, NamespaceId } from '../ipc/messages.ts';
import { closeFd } from '../kernel/libc.ts';
import { sendFds } from '../kernel/libc-fds.ts';
import { bindLoopback, listenOn, tcpSocket } from '../kernel/libc-sockets.ts';
import type { DataplaneState } from './dataplane-slot.ts';
import { DataplaneSupervisor } from './dataplane-supervisor.ts';
import { hostDataplaneCommand } from './host.ts';
import { isPowerless } from './process-status.ts';
import { Snapshot } from './snapshot.ts';

/** Everything here is real: setpriv, Node, the dataplane's own sources. */
const ENTRY = fileURLToPath(new URL('./dataplane.ts', import.meta.url));
const fixture = (name: string) =>
  fileURLToPath(new URL(`../../testing/${name}-dataplane.ts`, import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 20 };
const PORT = 0;

const workload = {
  uid: 'u-1',
  namespace: 'shop',
  pod: 'frontend-1',
  node: 'node-1',
  serviceAccount: 'frontend',
  kind: 'Deployment',
  name: 'frontend',
  labels: {},
};

function setUp({ count = 1, entry = ENTRY, hangTimeoutMs = 600_000 } = {}) {
  const listeners = new Map<NamespaceId, number>();
  const socketsFor: NamespaceId[] = [];
  const handed: string[] = [];
  const unserved: NamespaceId[] = [];
  const asked: [NamespaceId, boolean | 'later'][] = [];
  const reports: FromDataplane[] = [];
  const warnings: string[] = [];
  const log = {
    info: () => {},
    warn: (_: object, message: string) => warnings.push(message),
    error: (_: object, message: string) => warnings.push(message),
  };
  const supervisor = new DataplaneSupervisor({
    count,
    command: hostDataplaneCommand(entry),
    settings: defaultDataplaneSettings({ headTimeoutMs: 30_000, idleTimeoutMs: 30_000 }),
    restartDelayMs: 10,
    maxRestartDelayMs: 50,
    hangTimeoutMs,
    snapshot: new Snapshot(),
    descriptors: {
      sendListeners: async (ns, only, channel) => {
        handed.push(only);
        const fd = listeners.get(ns);
        if (fd !== undefined)
          sendFds(
            channel,
            JSON.stringify({ kind: 'listener', ns, direction: 'outbound', family: 4, port: PORT }),
            [fd],
          );
      },
      sendSockets: async ({ ns, direction, family, count: wanted }, channel) => {
        socketsFor.push(ns);
        const fds = Array.from({ length: wanted }, () => tcpSocket(family));
        sendFds(channel, JSON.stringify({ kind: 'sockets', ns, direction, family }), fds);
        for (const fd of fds) closeFd(fd);
      },
    },
    log,
    onServing: () => {},
    onBeat: () => {},
    onUnserved: (namespaces) => unserved.push(...namespaces),
    onProof: () => {},
    onAsks: () => {},
    onInboundWanted: (ns, wanted) => asked.push([ns, wanted]),
    onNews: () => {},
    learned: () => [],
    onLearned: () => {},
    onReport: (report) => reports.push(report),
  });
  const state = (index = 0): DataplaneState => supervisor.states[index] as DataplaneState;
  const serving = (not: number | null = null, index = 0) =>
    vi.waitFor(() => {
      expect(state(index)).toMatchObject({ state: 'serving' });
      expect(state(index).pid).not.toBe(not);
      return state(index).pid as number;
    }, PATIENCE);
  return { supervisor, state, serving, listeners, socketsFor, handed, unserved, asked, reports, warnings };
}

/** A listening socket on a free port of 127.0.0.1, as capture would make it; its port is asked from the kernel. */
function openListener(): { fd: number; port: number } {
  for (let port = 20_000 + (process.pid % 20_000); port < 60_000; port++) {
    const fd = tcpSocket(4);
    if (bindLoopback(fd, 4, port) === 0 && listenOn(fd, 128) === 0) return { fd, port };
    closeFd(fd);
  }
  throw new Error('no free port');
}

/**
 * Resolves when the connection is established, rejects when it is refused. One that is accepted and reset before this
 * process gets round to it fails with ECONNRESET, and was established all the same.
 */
function dial(port: number): Promise<{ readonly closed: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise<void>((done) => socket.on('close', () => done()));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve({ closed }) : reject(error),
    );
    socket.on('connect', () => resolve({ closed }));
    socket.resume();
  });
}

describe('DataplaneSupervisor', () => {
  const running: DataplaneSupervisor[] = [];
  const start = (options?: Parameters<typeof setUp>[0]) => {
    const world = setUp(options);
    running.push(world.supervisor);
    world.supervisor.start();
    return world;
  };
  afterEach(async () => {
    await Promise.all(running.splice(0).map((supervisor) => supervisor.drain(0)));
  });

  it('runs a dataplane with no capability in any set and no way to gain one', async () => {
    const { state, serving } = start();
    await serving();
    const { privileges } = state();
    if (privileges === null) throw new Error('no status');
    expect(isPowerless(privileges)).toBe(true);
    expect(privileges.uid).toBe(hostDataplaneCommand(ENTRY).uid);
    if (process.getuid?.() === 0) expect(privileges.bounding).toBe(0n);
  }, 30_000);

  it('hands listeners over, and again to the successor of a killed dataplane', async () => {
    const { supervisor, serving, listeners, state, unserved } = start();
    const { fd, port } = openListener();
    listeners.set(1, fd);
    const first = await serving();
    supervisor.enrol(1, { state: 'known', workload });
    supervisor.synced();
    await (await dial(port)).closed;

    process.kill(first, 'SIGKILL');
    // The listener stays open in this process, so a connection made while nobody accepts waits instead of failing.
    const waiting = await dial(port);
    await serving(first);
    await waiting.closed;
    expect(unserved).toEqual([1]);
    expect(state()).toMatchObject({ restarts: 1, lastEnd: 'SIGKILL' });
    closeFd(fd);
  }, 60_000);

  it('ends a dataplane that hangs, and starts it anew', async () => {
    // Longer than its successor takes to say something on a machine that does much else, or that hangs as well.
    const { serving, state, unserved, supervisor } = start({ hangTimeoutMs: 20_000 });
    const first = await serving();
    supervisor.enrol(3, { state: 'known', workload });
    process.kill(first, 'SIGSTOP');
    await vi.waitFor(() => expect(state().lastEnd).toContain('hung'), PATIENCE);
    expect(unserved).toContain(3);
    await serving(first);
  }, 180_000);

  it('keeps what a killed dataplane has counted', async () => {
    const { serving, state } = start();
    const first = await serving();
    await vi.waitFor(() => expect(state().totals).not.toBeNull(), PATIENCE);
    expect(state().endedLimits).toBeNull();
    process.kill(first, 'SIGKILL');
    await serving(first);
    expect(state().endedLimits).toMatchObject({ buckets: 0, spent: { leased: 0 } });
  }, 60_000);

  it('leaves what is ceded to another agent alone, until it is reclaimed', async () => {
    const { supervisor, serving, listeners } = start();
    const [ceded, kept] = [openListener(), openListener()];
    listeners.set(1, ceded.fd).set(2, kept.fd);
    const first = await serving();
    for (const ns of [1, 2]) supervisor.enrol(ns, { state: 'known', workload });
    supervisor.synced();
    await (await dial(ceded.port)).closed;

    supervisor.cede([1]);
    await (await dial(kept.port)).closed;
    // Neither this process nor its successor accepts: whoever comes waits in the queue that is shared.
    process.kill(first, 'SIGKILL');
    await serving(first);
    let taken = false;
    const waiting = await dial(ceded.port);
    void waiting.closed.then(() => {
      taken = true;
    });
    await (await dial(kept.port)).closed;
    expect(taken).toBe(false);
    supervisor.reclaim();
    await waiting.closed;
    for (const { fd } of [ceded, kept]) closeFd(fd);
  }, 60_000);

  it('passes on for which pods a dataplane wants to see what comes to them, but for none that it does not serve', async () => {
    const { supervisor, serving, asked, handed } = start({ count: 2, entry: fixture('asking') });
    await Promise.all([serving(null, 0), serving(null, 1)]);
    supervisor.enrol(2, { state: 'known', workload });
    await vi.waitFor(() => expect(asked).toEqual([[2, true]]), PATIENCE);
    expect(handed).toEqual(['all']);
    supervisor.inbound(2);
    await vi.waitFor(() => expect(handed).toEqual(['all', 'inbound']), PATIENCE);
  }, 30_000);

  it('spreads namespaces over the dataplanes, each with the sockets it asks for', async () => {
    const { supervisor, serving, socketsFor, reports, state } = start({ count: 2, entry: fixture('asking') });
    const [first, second] = await Promise.all([serving(null, 0), serving(null, 1)]);
    supervisor.enrol(2, { state: 'known', workload });
    supervisor.enrol(3, { state: 'known', workload });
    const handed = () => reports.filter((report) => report.kind === 'records' && report.dropped === 3);
    await vi.waitFor(() => expect(handed()).toHaveLength(2), PATIENCE);

    process.kill(second, 'SIGKILL');
    await serving(second, 1);
    await vi.waitFor(() => expect(socketsFor.toSorted()).toEqual([2, 3, 3]), PATIENCE);
    expect([state(0).pid, state(0).restarts, state(1).restarts]).toEqual([first, 0, 1]);
  }, 60_000);

  it('runs on whatever an issuer of tokens says that its keys are', async () => {
    const { supervisor, serving, state, reports } = start();
    const pid = await serving();
    supervisor.issuers([{ issuer: 'https://idp.example', audience: null, keys: [[], { kty: 5 }] }]);
    const totals = () => reports.filter(({ kind }) => kind === 'totals').length;
    const before = totals();
    await vi.waitFor(() => expect(totals()).toBeGreaterThan(before + 1), PATIENCE);
    expect(state()).toMatchObject({ pid, restarts: 0 });
  }, 30_000);

  it('ends a dataplane that says what it should not, and backs off while that repeats', async () => {
    const { state } = start({ count: 2, entry: fixture('rogue') });
    await vi.waitFor(() => expect(state().restarts).toBeGreaterThan(2), PATIENCE);
    expect(state().lastEnd).toBe('asked for sockets of namespace 1, which it does not serve');
  }, 30_000);

  it('drains: tells, waits for the end and does not restart', async () => {
    const { supervisor, serving, state } = start();
    await serving();
    await supervisor.drain(5_000);
    expect(state()).toMatchObject({ state: 'stopped', pid: null, lastEnd: 'drained' });
  }, 30_000);
});
