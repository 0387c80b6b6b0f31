import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ApiPolicy, LeaseAsk } from '@eastwall/policy';
import type {
  DataplaneSettings,
  DataplaneTotals,
  Family,
  FdPacket,
  FromDataplane,
  ToDataplane,
} from '../../agent/src/ipc/messages.ts';
import { closeFd } from '../../agent/src/kernel/libc.ts';
import { sendFds, socketPair } from '../../agent/src/kernel/libc-fds.ts';
import { bindLoopback, listenOn, setMark, tcpSocket } from '../../agent/src/kernel/libc-sockets.ts';
import type { Finding } from '../../agent/src/record/finding.ts';
import type { FlowRecord } from '../../agent/src/record/record.ts';
import { defaultDataplaneSettings } from '../../agent/testing/dataplane-settings.ts';
import { eventually } from './eventually.ts';

/** Addresses that a test's servers listen on: one per Service, all of them redirected. */
export const FREE = '127.1.0.1';
export const AUDITED = '127.1.0.2';
export const ENFORCED = '127.1.0.3';
/** Nobody answers there, not even the kernel. */
export const SILENT = '127.1.0.8';
/** Of no Service; see `enrollOther`. */
export const OTHER_POD = '127.1.0.9';
export const PORT = 8080;

const SERVICES = [
  ['free', FREE],
  ['audited', AUDITED],
  ['enforced', ENFORCED],
] as const;

const NS = 1;
const OTHER_NS = 2;
export const LISTENER_PORT = 39_001;
const MARK = 77;
const SOCKETS_PER_PACKET = 64;
const ENTRY = new URL('../../agent/src/roles/dataplane.ts', import.meta.url).pathname;

const SETTINGS = defaultDataplaneSettings();

/** Redirects what is sent to 127.1.0.0/16, as capture does in a pod; only in a network namespace of one's own. */
export function redirectTestAddresses(): void {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  const match = `-p tcp --syn -d 127.1.0.0/16 -m mark ! --mark ${MARK}`;
  const rule = `-t nat -A OUTPUT ${match} -j REDIRECT --to-ports ${LISTENER_PORT}`;
  execFileSync('iptables', rule.split(' '));
  execFileSync('iptables', `-A OUTPUT -p tcp -d ${SILENT} -m mark --mark ${MARK} -j DROP`.split(' '));
  // As in a pod, too: otherwise what the dataplane dials from the port of a caller that it has just reset is taken for that
  // caller's connection, and comes back to it.
  const apart = `-t raw -A OUTPUT -p tcp -m mark --mark ${MARK} -j CT --zone-orig 1`;
  execFileSync('iptables', apart.split(' '));
}

/** `frontend` may GET `/`, `/orders/{id}` and `/ws`, and nothing else; nobody else may do anything. */
export const policyFor = (service: string, mode: ApiPolicy['mode']): ApiPolicy => ({
  namespace: 'shop',
  name: service,
  generation: 1,
  mode,
  target: { services: [service] },
  rules: [
    {
      name: 'read',
      action: 'Allow',
      from: [{ serviceAccount: 'frontend' }],
      to: ['/', '/orders/{id:int}', '/ws'].map((path) => ({ methods: ['GET'], path })),
    },
    { name: 'write', action: 'Allow', to: [{ methods: ['POST', 'PUT'], path: '/orders' }] },
  ],
});

/**
 * A real dataplane process without the rest of the agent: this process stands in for control and capture, hands it
 * a listener and sockets, and collects every record. Its unexpected end, or a word on its stderr, fails the test.
 */
export class DataplaneProcess implements AsyncDisposable {
  readonly records: FlowRecord[] = [];
  readonly findings: Finding[] = [];
  dropped = 0;
  totals: DataplaneTotals | null = null;
  drained = false;
  /** For tokens, which nobody grants. */
  readonly asks: LeaseAsk[] = [];
  private stderr = '';
  private listens = false;
  private stopping = false;
  private readonly child: ChildProcess;
  private readonly channel: number;
  private readonly listener = tcpSocket(4);

  private constructor(child: ChildProcess, channel: number) {
    this.child = child;
    this.channel = channel;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    child.on('message', (message: FromDataplane) => this.receive(message));
  }

  static async start(settings: Partial<DataplaneSettings> = {}): Promise<DataplaneProcess> {
    const [ours, theirs] = socketPair();
    const privileges = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all'];
    const child = spawn('setpriv', [...privileges, '--', process.execPath, ENTRY], {
      stdio: ['ignore', 'ignore', 'pipe', theirs, 'ipc'],
    });
    closeFd(theirs);
    const dataplane = new DataplaneProcess(child, ours);
    await once(child, 'message');
    dataplane.send({ kind: 'settings', settings: { ...SETTINGS, ...settings } });
    dataplane.furnish();
    // Its first order of sockets: it has its listener and all that was said before it.
    await eventually(() => {
      if (!dataplane.listens) throw new Error(`not listening yet ${dataplane.stderr}`);
    });
    return dataplane;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** How many sockets it has open, those that wait to be used among them. */
  get sockets(): number {
    const folder = `/proc/${this.pid}/fd`;
    return readdirSync(folder).filter((fd) => linkOf(`${folder}/${fd}`).startsWith('socket:')).length;
  }

  get rssBytes(): number {
    const [, pages] = readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ');
    return Number(pages) * 4096;
  }

  send(message: ToDataplane): void {
    this.child.send(message);
  }

  govern(service: string, mode: ApiPolicy['mode']): void {
    this.send({ kind: 'policies', upsert: [policyFor(service, mode)], remove: [] });
  }

  /** Says whose its pod is; `forget` that this is not known any more. */
  identify(): void {
    this.send({ kind: 'caller', ns: NS, caller: { state: 'known', workload: FRONTEND } });
  }

  forget(): void {
    this.send({ kind: 'caller', ns: NS, caller: { state: 'pending' } });
  }

  /** Gives it a second pod: what is sent to `OTHER_POD` comes from that one. */
  enrollOther(): void {
    const port = LISTENER_PORT + 1;
    const rule = `-p tcp --syn -d ${OTHER_POD} -m mark ! --mark ${MARK} -j REDIRECT --to-ports ${port}`;
    execFileSync('iptables', `-t nat -I OUTPUT ${rule}`.split(' '));
    const workload = { ...FRONTEND, uid: 'uid-2', pod: 'frontend-2' };
    this.send({ kind: 'caller', ns: OTHER_NS, caller: { state: 'known', workload } });
    const listener = tcpSocket(4);
    if (bindLoopback(listener, 4, port) < 0 || listenOn(listener, 4096) < 0) throw new Error('no listener');
    this.hand({ kind: 'listener', ns: OTHER_NS, direction: 'outbound', family: 4, port }, [listener]);
    closeFd(listener);
  }

  /** Hands it unconnected sockets, as capture does when it orders some. */
  supply(family: Family, count: number, ns = NS): void {
    for (let left = count; left > 0; left -= SOCKETS_PER_PACKET) {
      const sockets = Array.from({ length: Math.min(left, SOCKETS_PER_PACKET) }, () => {
        const socket = tcpSocket(family);
        setMark(socket, MARK);
        return socket;
      });
      this.hand({ kind: 'sockets', ns, direction: 'outbound', family }, sockets);
      for (const socket of sockets) closeFd(socket);
    }
  }

  /** The records, once there are `count` of them. */
  async recorded(count: number): Promise<FlowRecord[]> {
    await eventually(() => {
      if (this.records.length < count)
        throw new Error(`${this.records.length} of ${count} records: ${JSON.stringify(this.records)}`);
    });
    return this.records;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopping = true;
    const { exitCode, signalCode } = this.child;
    if (exitCode === null && signalCode === null) {
      // To disconnect would not do: Node waits for the end of a message that has begun, and does not hear of it.
      this.child.kill();
      await once(this.child, 'exit');
    } else this.stderr += `ended by itself: ${exitCode ?? signalCode}`;
    closeFd(this.channel);
    closeFd(this.listener);
    if (this.stderr !== '') throw new Error(`the dataplane said: ${this.stderr}`);
  }

  private furnish(): void {
    this.send({
      kind: 'services',
      upsert: SERVICES.map(([name, ip]) => ({
        namespace: 'shop',
        name,
        ips: [ip],
        ports: [{ name: 'http', port: PORT }],
      })),
      remove: [],
    });
    const policies = [policyFor('audited', 'Audit'), policyFor('enforced', 'Enforce')];
    this.send({ kind: 'policies', upsert: policies, remove: [] });
    this.identify();
    this.send({ kind: 'stream-all', on: true });
    if (bindLoopback(this.listener, 4, LISTENER_PORT) < 0 || listenOn(this.listener, 4096) < 0)
      throw new Error('no listener');
    this.listen();
    this.send({ kind: 'synced' });
  }

  /** Hands it the listener, which stays open here, too. */
  listen(): void {
    this.hand({ kind: 'listener', ns: NS, direction: 'outbound', family: 4, port: LISTENER_PORT }, [
      this.listener,
    ]);
  }

  private receive(message: FromDataplane): void {
    if (this.stopping) return;
    switch (message.kind) {
      case 'need-sockets':
        this.listens = true;
        this.supply(message.family, message.count, message.ns);
        break;
      case 'records':
        this.records.push(...message.records);
        this.dropped += message.dropped;
        break;
      case 'totals':
        this.totals = message.totals;
        break;
      case 'lease-asks':
        this.asks.push(...message.asks);
        break;
      case 'findings':
        this.findings.push(...message.findings);
        break;
      case 'drained':
        this.drained = true;
        break;
      case 'ready':
        break;
    }
  }

  private hand(packet: FdPacket, fds: readonly number[]): void {
    const sent = sendFds(this.channel, JSON.stringify(packet), fds);
    if (sent !== true) throw new Error(`descriptors not sent: ${sent}`);
    this.send({ kind: 'fds' });
  }
}

const FRONTEND = {
  uid: 'uid-1',
  namespace: 'shop',
  pod: 'frontend-1',
  node: 'node-1',
  serviceAccount: 'frontend',
  kind: 'Deployment',
  name: 'frontend',
  labels: {},
} as const;

/** Empty for a descriptor that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
