import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../agent/src/sandbox/process/eventually.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';

const PATIENCE = { withinMs: 20_000 };
const SLEEP = ['sleep', 'infinity'];

describe('the pods of a sandbox', () => {
  let sandbox: SandboxHandle;

  beforeAll(async () => {
    sandbox = await startSandbox({
      topology: {
        nodes: ['node-a', 'node-b'],
        agents: false,
        namespaces: [{ name: 'shop', labels: { tier: 'front' } }],
        pods: [
          {
            name: 'shell',
            node: 'node-b',
            namespace: 'shop',
            labels: { app: 'shell', team: 'blue' },
            command: SLEEP,
            env: {
              PLAIN: 7,
              TEAM: { field: "metadata.labels['team']" },
              NODE: { field: 'spec.nodeName' },
              IP: { field: 'status.podIP' },
              JOINED: '$(NODE)/$(PLAIN)',
            },
          },
          { name: 'doomed', node: 'node-a', namespace: 'shop', command: SLEEP },
          { name: 'host', node: 'node-a', namespace: 'shop', command: SLEEP, hostNetwork: true },
          { name: 'failing', restart: 'Never', command: ['sh', '-c', 'echo last words; exit 3'] },
          { name: 'done', restart: 'OnFailure', command: ['true'] },
          { name: 'web', namespace: 'shop', owner: 'Deployment', replicas: 2, command: SLEEP },
          { name: 'db', namespace: 'shop', owner: 'StatefulSet', replicas: 2, command: SLEEP },
          { name: 'probe', namespace: 'shop', owner: 'DaemonSet', command: SLEEP },
          { name: 'report', namespace: 'shop', owner: 'CronJob', command: ['true'] },
        ],
        services: [{ name: 'db', namespace: 'shop', ports: [5432], headless: true }],
      },
    });
  });

  afterAll(() => sandbox.stop());

  const sh = (pod: string, script: string) => sandbox.exec(pod, ['sh', '-c', script]);
  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await sandbox.kubectl(args);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const podsOf = async (prefix: string) =>
    (await sandbox.status()).pods.filter(({ name }) => name.startsWith(prefix));

  it('run commands with their environment, input and exit code', async () => {
    const { node, ips } = await sandbox.pod('shop/shell');
    const { stdout } = await sh('shop/shell', 'echo $PLAIN $TEAM $NODE $IP $JOINED; hostname');
    expect(stdout).toBe(`7 blue ${node} ${ips[0]} node-b/7\nshell\n`);
    expect(await sandbox.exec('shop/shell', ['cat'], { input: 'through' })).toEqual({
      code: 0,
      stdout: 'through',
      stderr: '',
    });
    expect(await sh('shop/shell', 'echo no >&2; exit 42')).toEqual({ code: 42, stdout: '', stderr: 'no\n' });
    expect((await sandbox.exec('shop/shell', ['/no/such/program'])).code).toBe(127);
  });

  it('name what there is when asked for a pod that is not', async () => {
    await expect(sandbox.exec('shop/shel', ['true'])).rejects.toThrow(
      /no pod `shop\/shel` \(there are .*shell/,
    );
    await expect(sandbox.exec('nowhere/x', ['true'])).rejects.toThrow('no namespace `nowhere`');
    await expect(sandbox.exec('default/failing', ['true'])).rejects.toThrow('no running container');
  });

  it('end the commands whose caller gives up', async () => {
    const { code } = await sandbox.exec('shop/shell', ['sleep', '98765'], { timeoutMs: 500 });
    expect(code).toBe(137);
    const running = async () => (await sh('shop/shell', 'ps ax')).stdout;
    expect(await eventually(async () => !(await running()).includes('98765'), PATIENCE)).toBe(true);
  });

  it('hold what a container holds by default and no more', async () => {
    const { stdout } = await sh('shop/shell', 'grep CapEff /proc/self/status; grep CapEff /proc/1/status');
    // chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod
    // audit_write setfcap
    expect(stdout.match(/00000000a80425fb/g)).toHaveLength(2);
    for (const forbidden of [
      'ip link add x type dummy',
      'mount -t tmpfs none /mnt',
      'iptables -S',
      'unshare --net',
    ]) {
      expect((await sh('shop/shell', forbidden)).code, forbidden).not.toBe(0);
    }
  });

  it('see neither other pods’ processes nor the state of the sandbox', async () => {
    const { stdout } = await sh('shop/shell', `ps ax -o args; ls -A ${sandbox.stateDir}; cat /proc/mounts`);
    expect(stdout).toMatch(/^sleep infinity$/m);
    expect(stdout.match(/sleep infinity/g)).toHaveLength(1);
    expect(stdout).not.toMatch(/kubeconfig|nsfs|supervisor/);
  });

  it('have a cgroup of their own where the machine allows it', async () => {
    const { cgroups } = await sandbox.status();
    const { stdout } = await sh('shop/shell', 'cat /sys/fs/cgroup/cgroup.procs | wc -l');
    if (cgroups) expect(Number(stdout)).toBeGreaterThanOrEqual(2);
    else expect(sandbox.state.cgroup).toBeNull();
  });

  it('live in the namespace of their node when they ask for it', async () => {
    const nodes = JSON.parse(await kubectl('get', 'node', 'node-a', '-o', 'json'));
    const { ips } = await sandbox.pod('shop/host');
    expect(nodes.status.addresses).toContainEqual({ type: 'InternalIP', address: ips[0] });
    expect((await sh('shop/host', 'ip -o addr show eth0')).stdout).toContain(ips[0]);
  });

  it('report how they ended', async () => {
    const status = await kubectl('get', 'pod', 'failing', '-o', 'jsonpath={.status}');
    expect(JSON.parse(status)).toMatchObject({
      phase: 'Failed',
      containerStatuses: [{ ready: false, state: { terminated: { exitCode: 3, reason: 'Error' } } }],
    });
    expect(await sandbox.logs('default/failing')).toBe('last words\n');
    expect(await sandbox.pod('default/done')).toMatchObject({
      phase: 'Succeeded',
      ready: false,
      restarts: 0,
    });
  });

  it('are started again and again, ever later, when they must not end', async () => {
    await sandbox.apply([bare('crashing', { command: ['false'] })]);
    const restarted = async () => (await sandbox.pod('shop/crashing')).restarts >= 2;
    expect(await eventually(restarted, PATIENCE)).toBe(true);
    const before = await kubectl('get', 'pod', '-n', 'shop', 'crashing', '-o', 'jsonpath={.status}');
    expect(JSON.parse(before)).toMatchObject({
      phase: 'Running',
      containerStatuses: [{ lastState: { terminated: { exitCode: 1 } } }],
    });
    await sandbox.remove('pods', 'shop', 'crashing');
  });

  it('take their namespace, address and cgroup with them', async () => {
    const netns = join(sandbox.stateDir, 'nodes', 'node-a', 'netns');
    const before = await readdir(netns);
    const [ip] = (await sandbox.pod('shop/doomed')).ips;
    const route = async () => (await sh('shop/host', `ip route show ${ip}`)).stdout;
    expect(await route()).toContain('veth');
    await kubectl('delete', 'pod', '-n', 'shop', 'doomed', '--wait=false');
    expect(await eventually(async () => (await readdir(netns)).length === before.length - 1, PATIENCE)).toBe(
      true,
    );
    expect(await route()).toBe('');
    const running = (await sandbox.status()).pods.filter(
      ({ node, phase }) => node === 'node-a' && phase === 'Running',
    );
    const files = join(sandbox.stateDir, 'nodes', 'node-a', 'pods');
    expect(await eventually(async () => (await readdir(files)).length === running.length, PATIENCE)).toBe(
      true,
    );
  });

  it('stay in the API, terminating, until their processes have ended', async () => {
    const mayEnd = join(await mkdtemp(join(tmpdir(), 'ew-test-')), 'may-end');
    const script = `trap 'until [ -e ${mayEnd} ]; do sleep 0.1; done; exit 0' TERM
      echo listening; while :; do sleep 0.1; done`;
    await sandbox.apply([bare('slow', { command: ['sh', '-c', script], graceSeconds: 60 })]);
    await sandbox.settle();
    // The first process of a container misses the signals for which it has no handler yet.
    const listens = async () => (await sandbox.logs('shop/slow')).includes('listening');
    expect(await eventually(listens, PATIENCE)).toBe(true);
    await sandbox.remove('pods', 'shop', 'slow');
    expect(await sandbox.pod('shop/slow')).toMatchObject({ phase: 'Terminating' });
    await writeFile(mayEnd, '');
    await kubectl('wait', '--for=delete', 'pod/slow', '-n', 'shop', '--timeout=20s');
    await expect(sandbox.pod('shop/slow')).rejects.toThrow('no pod');
  });

  it('see the namespaces of a node, later ones too, when they mount its directory', async () => {
    const hostPath = { path: join(sandbox.stateDir, 'nodes') };
    const watcher = bare('watcher', {
      command: SLEEP,
      nodeName: 'node-a',
      volumes: [{ name: 'nodes', hostPath }],
    });
    await sandbox.apply([watcher]);
    await sandbox.settle();
    const types = async () => {
      const { stdout } = await sh('shop/watcher', `stat -f -c %T ${hostPath.path}/node-a/netns/*`);
      return stdout.trim().split('\n');
    };
    const before = await types();
    expect(new Set(before)).toEqual(new Set(['nsfs']));
    await sandbox.apply([bare('later', { command: SLEEP, nodeName: 'node-a' })]);
    await sandbox.settle();
    expect(await types()).toEqual([...before, 'nsfs']);
    await sandbox.remove('pods', 'shop', 'later');
    await sandbox.settle();
    expect(await types()).toEqual(before);
  });

  it('belong to their workloads, with the owner chains of a real cluster', async () => {
    const [pod] = await podsOf('web-');
    const read = async (kind: string, name: string, path: string) =>
      kubectl('get', kind, '-n', 'shop', name, '-o', `jsonpath={${path}}`);
    const set = await read('pod', pod?.name ?? '', '.metadata.ownerReferences[0].name');
    const hash = await read('pod', pod?.name ?? '', '.metadata.labels.pod-template-hash');
    expect(set).toBe(`web-${hash}`);
    expect(await read('replicaset', set, '.metadata.ownerReferences[0].kind')).toBe('Deployment');
    expect((await podsOf('probe-')).map(({ node }) => node).sort()).toEqual(['node-a', 'node-b']);
    expect((await podsOf('db-')).map(({ name }) => name)).toEqual(['db-0', 'db-1']);
    const [report] = await podsOf('report-');
    expect(await read('pod', report?.name ?? '', '.metadata.ownerReferences[0].kind')).toBe('Job');
    expect((await sh('shop/web', 'hostname')).stdout).toMatch(/^web-/);
  });

  it('come back when a workload has lost one', async () => {
    const [lost] = await podsOf('web-');
    await sandbox.remove('pods', 'shop', lost?.name ?? '');
    await sandbox.settle();
    const now = await podsOf('web-');
    expect(now).toHaveLength(2);
    expect(now.map(({ name }) => name)).not.toContain(lost?.name);
    const old = await sandbox.pod('shop/db-1');
    await sandbox.remove('pods', 'shop', 'db-1');
    await sandbox.settle();
    expect((await sandbox.pod('shop/db-1')).ips).not.toEqual(old.ips);
    // As in any cluster, names follow a moment after the pods.
    const [ip] = (await sandbox.pod('shop/db-1')).ips;
    const isNamed = async () =>
      (await sh('shop/shell', 'dig +short db-1.db.shop.svc.cluster.local')).stdout.trim() === ip;
    expect(await eventually(isNamed, PATIENCE)).toBe(true);
  });

  it('are replaced when their workload changes', async () => {
    const before = (await podsOf('web-')).map(({ name }) => name);
    await kubectl('set', 'env', '-n', 'shop', 'deployment/web', 'COLOUR=red');
    await kubectl('rollout', 'status', '-n', 'shop', 'deployment/web', '--timeout=20s');
    const replaced = async () => {
      const now = (await podsOf('web-')).map(({ name }) => name);
      return now.length === 2 && now.every((name) => !before.includes(name));
    };
    expect(await eventually(replaced, PATIENCE)).toBe(true);
    expect((await sh('shop/web', 'echo $COLOUR')).stdout).toBe('red\n');
  });
});

interface Bare {
  readonly command: readonly string[];
  readonly graceSeconds?: number;
  readonly nodeName?: string;
  readonly volumes?: readonly object[];
}

const bare = (name: string, { command, graceSeconds = 0, ...spec }: Bare) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop' },
  spec: {
    containers: [{ name: 'main', image: 'none', command }],
    terminationGracePeriodSeconds: graceSeconds,
    ...spec,
  },
});
