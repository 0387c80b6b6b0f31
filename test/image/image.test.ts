import { spawnSync } from 'node:child_process';
import { existsSync, globSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../agent/src/preflight/check.ts';
import { NEEDED_CAPABILITIES } from '../../agent/src/preflight/privileges.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { apiPolicy, curl, eventuallyAsync, statusOf } from '../support/agent.ts';
import { AGENT_POD, agentSurroundings, engineHost, NODE, TOPOLOGY } from './agent-pod.ts';
import { cycloneDxProblems, type Sbom } from './cyclone-dx.ts';
import { Podman } from './podman.ts';

const ROOT = join(import.meta.dirname, '../..');
const HOME = join(ROOT, '.cache/image-test');
const IMAGE = 'localhost/eastwall:test';
const MAX_MEBIBYTES = 150;
const NOBODY = 65_534;

/** Everything that can be started in the image. */
const PROGRAMS = [
  'bin/setpriv',
  'bin/test',
  'local/bin/eastwall',
  'local/bin/node',
  ...['iptables', 'ip6tables'].flatMap((name) =>
    ['nft', 'legacy'].flatMap((variant) => [
      `sbin/${name}-${variant}-restore`,
      `sbin/${name}-${variant}-save`,
    ]),
  ),
  'sbin/xtables-legacy-multi',
  'sbin/xtables-nft-multi',
];

const POLICY = {
  target: { services: ['web'] },
  mode: 'Enforce',
  rules: [{ name: 'orders', action: 'Allow', to: [{ methods: ['GET'], path: '/orders/{id}' }] }],
};

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('test/image: skipped, building an image takes root here\n');

const podman = new Podman(HOME);
const hadBundle = existsSync(join(ROOT, 'agent/dist'));
let root = '';

beforeAll(() => {
  if (!isRoot) return;
  rmSync(HOME, { recursive: true, force: true });
  mkdirSync(HOME, { recursive: true });
  const env = { ...process.env, IMAGE, ENGINE: podman.argv.join(' ') };
  const { status, stdout, stderr } = spawnSync('make', ['image'], { cwd: ROOT, encoding: 'utf8', env });
  if (status !== 0) throw new Error(`make image: ${stdout}${stderr}`);
  root = podman.ask('image', 'mount', IMAGE);
}, 400_000);

afterAll(() => {
  if (!isRoot) return;
  podman.close();
  rmSync(HOME, { recursive: true, force: true });
  // What runs by way of `bin/eastwall.js` should run what it would have run without us.
  if (!hadBundle) rmSync(join(ROOT, 'agent/dist'), { recursive: true });
});

describe.runIf(isRoot)('the image', () => {
  it(`is no larger than ${MAX_MEBIBYTES} MiB`, () => {
    const size = Number(podman.ask('image', 'inspect', '--format={{.Size}}', IMAGE)) / 2 ** 20;
    expect(size).toBeGreaterThan(50);
    expect(size).toBeLessThanOrEqual(MAX_MEBIBYTES);
  });

  it('says what it is', () => {
    const [{ Config: config } = { Config: undefined }] = JSON.parse(podman.ask('image', 'inspect', IMAGE));
    expect(config).toMatchObject({
      User: '0:0',
      Entrypoint: ['eastwall'],
      Cmd: ['agent'],
      Labels: {
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.version': manifest().version,
        'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}$/),
        'dev.eastwall.sbom': '/usr/share/sbom/eastwall.cdx.json',
      },
    });
  });

  it('has the programs that the agent runs and no other: no shell, no package manager', () => {
    const found = ['bin', 'sbin', 'local/bin', 'local/sbin'].flatMap((folder) =>
      existsSync(join(root, 'usr', folder))
        ? readdirSync(join(root, 'usr', folder)).map((name) => `${folder}/${name}`)
        : [],
    );
    expect(found.sort()).toEqual(PROGRAMS.toSorted());
    const elsewhere = files().filter(
      ({ path, mode, isFile }) =>
        isFile && (mode & 0o111) !== 0 && !/^usr\/(bin|sbin|local|lib|lib64)\//.test(path),
    );
    expect(elsewhere.map(({ path }) => path)).toEqual(['opt/eastwall/agent/bin/eastwall.js']);
  });

  it('has nothing that raises privileges, that anybody may write, or that a dataplane may not read', () => {
    expect(files().length).toBeGreaterThan(100);
    expect(files().filter(({ mode }) => (mode & 0o6022) !== 0 || (mode & 0o004) === 0)).toEqual([]);
  });

  it('has every library that its programs load', () => {
    const run = (...argv: string[]) => spawnSync('chroot', [root, ...argv], { encoding: 'utf8' });
    const nobody = `--userspec=${NOBODY}:${NOBODY}`;
    const asNobody = (...argv: string[]) =>
      spawnSync('chroot', [nobody, root, ...argv], { encoding: 'utf8' });
    expect(run('/usr/local/bin/eastwall', 'version').stdout.trim()).toBe(`eastwall ${manifest().version}`);
    expect(run('/usr/bin/setpriv', '--version').status).toBe(0);
    // As a user that owns nothing, which dataplanes and the chart's own test are.
    expect(asNobody('/usr/bin/test', '-x', '/usr/local/bin/node').status).toBe(0);
    expect(asNobody('/usr/local/bin/node', '-p', '6*7').stdout).toBe('42\n');
    for (const program of PROGRAMS.filter((name) => name.endsWith('-restore')))
      expect(run(`/usr/${program}`, '--version').stdout).toMatch(/^ip6?tables-(nft-)?restore v/);
  });
});

describe.runIf(isRoot)('its SBOM', () => {
  const sbom = () => JSON.parse(readFileSync(join(root, 'usr/share/sbom/eastwall.cdx.json'), 'utf8')) as Sbom;

  it('is valid CycloneDX, and lies beside the image too', () => {
    expect(cycloneDxProblems(sbom())).toEqual([]);
    expect(JSON.parse(readFileSync(join(ROOT, '.cache/image/eastwall.cdx.json'), 'utf8'))).toEqual(sbom());
  });

  it('names Node, every package of Debian in the image, and all that the agent depends on', () => {
    const named = new Set(sbom().components.map(({ name }) => name));
    const debian = readdirSync(join(root, 'var/lib/dpkg/status.d'));
    expect(debian).toEqual(expect.arrayContaining(['libc6', 'libstdc++6', 'iptables', 'util-linux']));
    const expected = ['node', ...debian, ...Object.keys(manifest().dependencies)];
    expect(expected.filter((name) => !named.has(name))).toEqual([]);
  });
});

describe.runIf(isRoot)('a container of it', () => {
  const stateDir = join(HOME, 'sandbox');
  const confined = (...args: string[]) =>
    podman.confined(
      NEEDED_CAPABILITIES.map(({ name }) => name),
      [...agentSurroundings(stateDir), ...args],
    );
  let sandbox: SandboxHandle;

  beforeAll(async () => {
    sandbox = await startSandbox({ stateDir, topology: TOPOLOGY });
    await sandbox.apply([engineHost(stateDir, confined('--name=agent', IMAGE, 'agent'))]);
    await eventuallyAsync(async () => expect((await statusOf(sandbox, NODE)).ready).toBe(true), 90_000).catch(
      async (error) => {
        throw new Error(`no agent in the container: ${error}\n${await sandbox.logs(AGENT_POD)}`);
      },
    );
  });

  afterAll(() => sandbox?.stop());

  it('finds all that it needs', async () => {
    const { code, stdout } = await sandbox.exec(AGENT_POD, confined(IMAGE, 'preflight', '-o', 'json'));
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };
    expect([code, checks.filter(({ state }) => state === 'fatal')]).toEqual([0, []]);
  });

  it('enrols a pod, judges its requests, and tells of them by its own command line', async () => {
    const inContainer = async (...argv: string[]) =>
      (await sandbox.exec(AGENT_POD, [...podman.argv, 'exec', 'agent', 'eastwall', ...argv])).stdout;
    await sandbox.apply([apiPolicy('web', POLICY)]);
    await eventuallyAsync(async () => {
      expect(await curl(sandbox, 'shop/client', 'http://web.shop/admin')).toMatchObject({ status: 403 });
    });
    expect(await curl(sandbox, 'shop/client', 'http://web.shop/orders/7')).toMatchObject({ status: 200 });
    await eventuallyAsync(async () =>
      expect(await inContainer('tail', '--no-follow')).toMatch(
        /DENY +shop\/client → shop\/web:80 +GET \/admin +403 +no_rule_allows/,
      ),
    );
    expect(await inContainer('status')).toMatch(/shop +client +enrolled/);
  });

  it('has the runtime’s seccomp profile, and dataplanes that own nothing', () => {
    const dataplanes = statusesOf('/opt/eastwall/agent/dist/roles/dataplane.js');
    expect(dataplanes).not.toEqual([]);
    for (const status of dataplanes) {
      expect(status).toMatchObject({
        Uid: Array(4).fill(NOBODY).join('\t'),
        CapEff: '0000000000000000',
        CapBnd: '0000000000000000',
        NoNewPrivs: '1',
        Seccomp: '2',
      });
    }
  });
});

function manifest() {
  return JSON.parse(readFileSync(join(ROOT, 'agent/package.json'), 'utf8')) as {
    readonly version: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
}

/** Every regular file and folder of the image. */
function files(): { readonly path: string; readonly mode: number; readonly isFile: boolean }[] {
  return globSync('**', { cwd: root })
    .map((path) => ({ path, status: lstatSync(join(root, path)) }))
    .filter(({ status }) => !status.isSymbolicLink())
    .map(({ path, status }) => ({ path, mode: status.mode & 0o7777, isFile: status.isFile() }));
}

/** `/proc/<pid>/status` of the machine's processes that run a program. */
function statusesOf(program: string): Record<string, string>[] {
  return globSync('/proc/[0-9]*').flatMap((folder) => {
    try {
      if (!readFileSync(`${folder}/cmdline`, 'utf8').split('\0').includes(program)) return [];
      const lines = readFileSync(`${folder}/status`, 'utf8').trimEnd().split('\n');
      return [Object.fromEntries(lines.map((line) => line.split(/:\s+/, 2)))];
    } catch {
      return []; // It has ended since.
    }
  });
}
