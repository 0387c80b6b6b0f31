import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';

/** Says who it is and who asks. */
const ECHO = `
  const { createServer } = require('node:http');
  const { hostname } = require('node:os');
  createServer((request, response) => response.end(hostname() + ' ' + request.socket.remoteAddress))
    .listen(8080, '::');
`;

const server = (name: string, node: string) => ({
  name,
  node,
  namespace: 'shop',
  labels: { app: 'web' },
  ports: [8080],
  command: ['node', '-e', ECHO],
});
const client = (name: string, node: string) => ({
  name,
  node,
  namespace: 'shop',
  command: ['sleep', 'infinity'],
});

describe('the network of a sandbox', () => {
  let sandbox: SandboxHandle;

  beforeAll(async () => {
    sandbox = await startSandbox({
      topology: {
        nodes: ['node-a', 'node-b'],
        agents: false,
        namespaces: [{ name: 'shop' }],
        pods: [
          server('web-1', 'node-a'),
          server('web-2', 'node-b'),
          client('near', 'node-a'),
          client('far', 'node-b'),
        ],
        services: [
          { name: 'web', namespace: 'shop', ports: [{ port: 80, targetPort: 8080 }] },
          { name: 'web-pods', namespace: 'shop', selector: { app: 'web' }, ports: [8080], headless: true },
          { name: 'nobody', namespace: 'shop', ports: [80] },
        ],
        external: [
          { name: 'api.example.com', ports: [8080], command: ['node', '-e', `console.log('open');${ECHO}`] },
          { name: 'other.example.com', command: ['sleep', 'infinity'] },
        ],
      },
    });
  });

  afterAll(() => sandbox.stop());

  const curl = async (pod: string, url: string, ...options: string[]) => {
    const { code, stdout, stderr } = await sandbox.exec(pod, ['curl', '-sS', '-m', '5', ...options, url]);
    return code === 0 ? stdout : `${code}: ${stderr}`;
  };

  it.each([
    ['the same node', 'shop/near'],
    ['another node', 'shop/far'],
  ])('leads from a pod on %s with the caller’s own address', async (_, caller) => {
    const { ips } = await sandbox.pod('shop/web-1');
    const own = (await sandbox.pod(caller)).ips;
    expect(ips).toHaveLength(2);
    expect(await curl(caller, `http://${ips[0]}:8080/`)).toBe(`web-1 ::ffff:${own[0]}`);
    expect(await curl(caller, `http://[${ips[1]}]:8080/`)).toBe(`web-1 ${own[1]}`);
  });

  it.each(['-4', '-6'])('balances a Service over its pods (%s)', async (family) => {
    const script = `for i in $(seq 40); do curl -sS -m 5 ${family} http://web/; echo; done`;
    const { stdout } = await sandbox.exec('shop/near', ['sh', '-c', script]);
    const answered = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(answered).toHaveLength(40);
    expect(new Set(answered)).toEqual(new Set(['web-1', 'web-2']));
  });

  it('listens on the node ports of its Services, on every node', async () => {
    const ports = [{ port: 80, targetPort: 8080, nodePort: 30_080 }];
    const patch = JSON.stringify({ spec: { type: 'NodePort', ports } });
    await sandbox.kubectl(['patch', '-n', 'shop', 'service', 'web', '--type=merge', '-p', patch]);
    // As in any cluster, rules follow a moment after the Services.
    await sandbox.settle();
    for (const node of ['172.20.1.1', '172.20.1.2'])
      for (const pod of ['shop/near', 'shop/far']) {
        const answers = new Set<string>();
        for (let round = 0; round < 200 && answers.size < 2; round++)
          answers.add((await curl(pod, `http://${node}:30080`)).split(' ')[0] ?? '');
        expect([...answers].sort()).toEqual(['web-1', 'web-2']);
      }
  });

  it('lets a pod reach itself through its Service', async () => {
    const script = 'for i in $(seq 20); do curl -sS -m 5 http://web/; echo; done';
    const { stdout } = await sandbox.exec('shop/web-1', ['sh', '-c', script]);
    expect(stdout).toContain('web-1');
    expect(stdout.trim().split('\n')).toHaveLength(20);
  });

  it('refuses at once what no pod is behind', async () => {
    // 7 is a refused connection; without an answer curl would end with 28 (timeout).
    expect(await curl('shop/near', 'http://nobody/')).toMatch(/^7: /);
  });

  it('leads to hosts outside, by their names, as from pod to pod', async () => {
    const own = (await sandbox.pod('shop/far')).ips;
    expect(await curl('shop/far', 'http://api.example.com:8080/', '-4')).toBe(
      `api.example.com ::ffff:${own[0]}`,
    );
    expect(await curl('shop/far', 'http://api.example.com:8080/', '-6')).toBe(`api.example.com ${own[1]}`);
    expect(await curl('outside/other.example.com', 'http://api.example.com:8080/', '-4')).toContain(
      '203.0.113.2',
    );
    // Cluster IPs mean something only to the nodes.
    expect(await curl('outside/other.example.com', 'http://web.shop.svc.cluster.local/', '-4')).toMatch(
      /^(7|28): /,
    );
    expect(await sandbox.logs('outside/api.example.com')).toBe('open\n');
  });

  it('resolves Services, headless ones to their pods, and nothing else', async () => {
    const lookup = async (...query: string[]) => {
      const { stdout } = await sandbox.exec('shop/far', ['dig', '+short', ...query]);
      return stdout.trim().split('\n').sort();
    };
    const pods = await Promise.all(['shop/web-1', 'shop/web-2'].map((pod) => sandbox.pod(pod)));
    expect(await lookup('web.shop.svc.cluster.local')).toEqual([expect.stringMatching(/^10\.96\./)]);
    expect(await lookup('AAAA', 'web-pods.shop.svc.cluster.local')).toEqual(
      pods.map(({ ips }) => ips[1]).sort(),
    );
    expect(await lookup('+tcp', 'web-pods.shop.svc.cluster.local')).toEqual(
      pods.map(({ ips }) => ips[0]).sort(),
    );
    expect(await lookup('WEB.Shop.svc.cluster.local')).toEqual([expect.stringMatching(/^10\.96\./)]);
    const unknown = await sandbox.exec('shop/far', ['dig', 'other.shop.svc.cluster.local']);
    expect(unknown.stdout).toContain('NXDOMAIN');
  });
});

describe('the network of a sandbox without IPv6', () => {
  it('has one address for everything', async () => {
    await using sandbox = await startSandbox({
      topology: {
        nodes: ['node-a'],
        ipFamilies: 'ipv4',
        agents: false,
        namespaces: [{ name: 'shop' }],
        pods: [server('web', 'node-a'), client('near', 'node-a')],
        services: [{ name: 'web', namespace: 'shop', ports: [{ port: 80, targetPort: 8080 }] }],
      },
    });
    expect((await sandbox.pod('shop/web')).ips).toEqual([expect.stringMatching(/^10\.244\.1\./)]);
    const script =
      'curl -sS -m 5 http://web/ && ip -6 addr show dev eth0 && dig +short AAAA web.shop.svc.cluster.local';
    const { stdout } = await sandbox.exec('shop/near', ['sh', '-c', script]);
    expect(stdout).toMatch(/^web \S+$/);
  });
});
