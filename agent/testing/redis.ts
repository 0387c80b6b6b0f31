import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PATIENCE_MS = 20_000;

/** Real `redis-server` processes on loopback, which can be killed, paused and started again. */
export class RedisProcess {
  readonly port: number;
  readonly #directory: string;
  readonly #program: readonly string[];
  #child: ChildProcess | null = null;

  private constructor(port: number, directory: string, program: readonly string[]) {
    this.port = port;
    this.#directory = directory;
    this.#program = program;
  }

  static async start(...options: readonly string[]): Promise<RedisProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'eastwall-redis-'));
    const redis = new RedisProcess(await freePort(), directory, options);
    await redis.start();
    return redis;
  }

  /** Watches a master, and elects another when it is gone. */
  static async sentinel(master: RedisProcess, name: string): Promise<RedisProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'eastwall-sentinel-'));
    const file = join(directory, 'sentinel.conf');
    const lines = [
      `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${name} 1000`,
      `sentinel failover-timeout ${name} 3000`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const sentinel = new RedisProcess(await freePort(), directory, [file, '--sentinel']);
    await sentinel.start();
    return sentinel;
  }

  /** Three masters. */
  static async cluster(): Promise<RedisProcess[]> {
    const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'];
    const full = ['--cluster-require-full-coverage', 'no'];
    const nodes = await Promise.all([1, 2, 3].map(() => RedisProcess.start(...options, ...full)));
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
    for (const node of nodes)
      await until(async () => (await node.cli('cluster', 'info')).includes('cluster_state:ok'));
    return nodes;
  }

  get address(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const [first, ...rest] = this.#program;
    const file = first !== undefined && !first.startsWith('--') ? [first] : [];
    const more = file.length > 0 ? rest : this.#program;
    const place = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#directory];
    const plain = file.length > 0 ? [] : ['--save', '', '--appendonly', 'no'];
    this.#child = spawn('redis-server', [...file, ...more, ...place, ...plain], { stdio: 'ignore' });
    await until(() => isOpen(this.port));
  }

  async cli(...words: readonly string[]): Promise<string> {
    const { stdout } = await run('redis-cli', ['-p', `${this.port}`, ...words]);
    return stdout.trim();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function until(ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await ask().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('redis does not come up');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function isOpen(port: number): Promise<boolean> {
  const { stdout } = await run('redis-cli', ['-p', `${port}`, 'ping']);
  return stdout.includes('PONG') || stdout.includes('NOAUTH');
}

/** Cluster nodes also use the port 10,000 above. */
function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(20_000 + Math.floor(Math.random() * 12_000), '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address === null || typeof address === 'string'
          ? reject(new Error('no port'))
          : resolve(address.port),
      );
    });
  });
}
