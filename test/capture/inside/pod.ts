import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import type { AppAnswer, AppRequest } from './app.ts';

/** Distributes over the union, so that each request keeps its own fields. */
type Without<T, K extends keyof never> = T extends unknown ? Omit<T, K> : never;

/** The last part of the addresses of the pod made last. */
let lastNumber = 1;

export interface PodOptions {
  /** False leaves the namespace as the runtime makes it: nothing is up and there is no address. */
  readonly network?: boolean;
  /** False hides it from agents. */
  readonly watched?: boolean;
  /** True makes it as for `hostUsers: false`: what owns the namespace is a user namespace of the pod's. */
  readonly ownUsers?: boolean;
}

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });

/** Mounted from outside, since whoever has a user namespace of their own may not mount here; as runtimes do. */
const WITH_OWN_USERS = `
  unshare --user --map-root-user --net sleep 60 &
  until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
  mount --bind /proc/$!/ns/net "$0"
  kill $!`;

/** The bridge that pods are on; 10.66.0.1 and fd66::1 are in the namespace of the agent. */
export function makeBridge(): void {
  run('ip', 'link', 'add', 'br0', 'type', 'bridge');
  run('ip', 'addr', 'add', '10.66.0.1/24', 'dev', 'br0');
  run('ip', 'addr', 'add', 'fd66::1/64', 'dev', 'br0', 'nodad');
  run('ip', 'link', 'set', 'br0', 'up');
}

export function removeBridge(): void {
  run('ip', 'link', 'delete', 'br0');
}

/** A network namespace with a veth to the bridge, and an application in it. */
export class Pod implements AsyncDisposable {
  readonly name: string;
  readonly ip4: string;
  readonly ip6: string;
  readonly #number: number;
  readonly #path: string;
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #app: ChildProcess | null = null;
  #lastId = 0;

  constructor({ network = true, watched = true, ownUsers = false }: PodOptions = {}) {
    this.#number = ++lastNumber;
    this.name = `pod-${this.#number}`;
    this.ip4 = `10.66.0.${this.#number}`;
    this.ip6 = `fd66::${this.#number}`;
    this.#path = watched ? `/run/netns/${this.name}` : `/run/${this.name}`;
    if (watched && !ownUsers) run('ip', 'netns', 'add', this.name);
    else {
      writeFileSync(this.#path, '');
      if (ownUsers) run('sh', '-c', WITH_OWN_USERS, this.#path);
      else run('unshare', `--net=${this.#path}`, 'true');
    }
    if (network) this.connectNetwork();
  }

  /** What a CNI plugin does after the runtime has made the namespace. */
  connectNetwork(): void {
    // The kernel takes the interfaces of a namespace down some time after it has gone.
    const outside = `v${process.pid}p${this.#number}`;
    run('ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.#path);
    run('ip', 'link', 'set', outside, 'master', 'br0', 'up');
    this.exec('ip', 'link', 'set', 'lo', 'up');
    this.exec('ip', 'addr', 'add', `${this.ip4}/24`, 'dev', 'eth0');
    this.exec('ip', 'addr', 'add', `${this.ip6}/64`, 'dev', 'eth0', 'nodad');
    this.exec('ip', 'link', 'set', 'eth0', 'up');
    this.exec('ip', 'route', 'add', 'default', 'via', '10.66.0.1');
    this.exec('ip', '-6', 'route', 'add', 'default', 'via', 'fd66::1');
  }

  /** As a container or virtual machine inside of a pod: what it sends, that pod forwards. */
  connectBehind(pod: Pod): void {
    const [outer, inner] = ['198.18.0.1', this.ip4];
    const veth = ['link', 'add', 'behind', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.#path];
    pod.exec('ip', ...veth);
    pod.exec('ip', 'addr', 'add', `${outer}/32`, 'dev', 'behind');
    pod.exec('ip', 'link', 'set', 'behind', 'up');
    pod.exec('ip', 'route', 'add', `${inner}/32`, 'dev', 'behind');
    pod.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    this.exec('ip', 'link', 'set', 'lo', 'up');
    this.exec('ip', 'addr', 'add', `${inner}/32`, 'dev', 'eth0');
    this.exec('ip', 'link', 'set', 'eth0', 'up');
    this.exec('ip', 'route', 'add', `${outer}/32`, 'dev', 'eth0');
    this.exec('ip', 'route', 'add', 'default', 'via', outer);
  }

  exec(program: string, ...args: string[]): string {
    return run('nsenter', `--net=${this.#path}`, program, ...args);
  }

  /** How packets are routed, by rules and routes of both families; link-local ones come when the kernel likes. */
  routing(): string {
    const tables = [['rule'], ['route', 'show', 'table', 'all']];
    const all = [4, 6].flatMap((family) => tables.map((what) => this.exec('ip', `-${family}`, ...what)));
    return all.join('').replaceAll(/^.*fe80.*\n/gm, '');
  }

  /** Everything that there is, of both families, also what iptables has put there. */
  rules(): string {
    return this.exec('nft', 'list', 'ruleset');
  }

  /** Both families, all tables; without the time of day and without counters. */
  iptables(): string {
    const saved = `${this.exec('iptables-save')}${this.exec('ip6tables-save')}`;
    return saved.replaceAll(/^#.*\n/gm, '').replaceAll(/\[\d+:\d+\]/g, '');
  }

  async startApp(): Promise<void> {
    const script = new URL('app.ts', import.meta.url).pathname;
    this.#app = spawn('nsenter', [`--net=${this.#path}`, process.execPath, script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(this.#app, 'message');
    this.#app.on('message', (answer: AppAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      if ('text' in answer) waiting?.resolve(answer.text);
      else waiting?.reject(new Error(answer.error));
    });
  }

  /** Connects, and gives the connection's number and the first words of the other side. */
  async connect(
    host: string,
    port: number,
    from?: number,
  ): Promise<{ connection: number; greeting: string }> {
    const connection = this.#lastId + 1;
    const greeting = await this.#ask({ do: 'connect', host, port, ...(from !== undefined && { from }) });
    return { connection, greeting };
  }

  listen(host: string, port: number): Promise<string> {
    return this.#ask({ do: 'listen', host, port });
  }

  say(connection: number, text: string): Promise<string> {
    return this.#ask({ do: 'say', connection, text });
  }

  close(connection: number): Promise<string> {
    return this.#ask({ do: 'close', connection });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#app !== null) {
      const ended = once(this.#app, 'exit');
      this.#app.kill('SIGKILL');
      await ended;
    }
    run('umount', '--lazy', this.#path);
    rmSync(this.#path);
  }

  #ask(request: Without<AppRequest, 'id'>): Promise<string> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<string>();
    this.#waiting.set(id, waiting);
    this.#app?.send({ id, ...request });
    return waiting.promise;
  }
}
