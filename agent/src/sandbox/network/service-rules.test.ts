import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service, ServicePort } from '../cluster/objects.ts';
import { serviceRules } from './service-rules.ts';

const meta = (name: string) => ({
  name,
  namespace: 'shop',
  uid: name,
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
});

const service = (name: string, clusterIPs: readonly string[], ports: readonly ServicePort[]): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(name),
  spec: { clusterIPs, ports },
});

const slice = (ips: readonly string[], port: number, ready = true): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: meta('slice'),
  addressType: ips[0]?.includes(':') ? 'IPv6' : 'IPv4',
  endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready } })),
  ports: [{ name: '', port }],
});

const rules = (services: readonly Service[], slices: Record<string, EndpointSlice[]>, ipv6 = false) =>
  serviceRules({ services, slices: new Map(Object.entries(slices)) }, ipv6).split('\n');

const web = service('web', ['10.96.1.0', 'fd00:10:96::100'], [{ port: 80 }]);

describe('serviceRules', () => {
  it('gives every pod behind a Service the same chance', () => {
    const lines = rules([web], { 'shop/web': [slice(['10.244.1.2', '10.244.1.3', '10.244.2.2'], 8080)] });
    const chances = lines.flatMap((line) => /--probability (\S+)/.exec(line)?.[1] ?? []).map(Number);
    // A third, then half of what is left, then all of it.
    expect(chances).toEqual([expect.closeTo(1 / 3), 0.5]);
    expect(lines.filter((line) => line.includes('DNAT')).map((line) => line.split(' ').at(-1))).toEqual([
      '10.244.1.2:8080',
      '10.244.1.3:8080',
      '10.244.2.2:8080',
    ]);
    expect(lines).toContainEqual(
      expect.stringMatching(/^-A SERVICES -d 10\.96\.1\.0\/32 -p tcp -m tcp --dport 80 -j SVC-/),
    );
  });

  it('keeps the families apart', () => {
    const slices = { 'shop/web': [slice(['10.244.1.2'], 8080), slice(['fd00::2'], 8080)] };
    expect(rules([web], slices, true).join('\n')).toMatch(/--to-destination \[fd00::2\]:8080/);
    expect(rules([web], slices, true).join('\n')).not.toContain('10.');
    expect(rules([web], slices).join('\n')).not.toContain('fd00');
  });

  it('refuses what no ready pod is behind', () => {
    for (const slices of [{}, { 'shop/web': [slice(['10.244.1.2'], 8080, false)] }]) {
      const lines = rules([web], slices as Record<string, EndpointSlice[]>);
      expect(lines.filter((line) => line.includes('REJECT'))).toEqual([
        '-A FORWARD -d 10.96.1.0/32 -p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset',
        '-A OUTPUT -d 10.96.1.0/32 -p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset',
      ]);
      expect(lines.join('\n')).not.toContain('DNAT');
    }
  });

  it('listens on the node ports of every node, and answers from there', () => {
    const open = service('web', ['10.96.1.0'], [{ port: 80, nodePort: 30_080 }]);
    const lines = rules([open], { 'shop/web': [slice(['10.244.1.2'], 8080)] });
    const at = '-A SERVICES -m addrtype --dst-type LOCAL -p tcp -m tcp --dport 30080 -j ';
    expect(lines.filter((line) => line.includes('30080')).map((line) => line.replace(at, ''))).toEqual([
      'MARK --set-xmark 0x4000/0x4000',
      expect.stringMatching(/^SVC-/),
    ]);
    expect(rules([open], {}).join()).not.toContain('30080');
  });

  it('leaves headless Services to the DNS', () => {
    const headless = service('db', ['None'], [{ port: 5432 }]);
    expect(rules([headless], { 'shop/db': [slice(['10.244.1.2'], 5432)] })).toEqual(rules([], {}));
  });

  it('fits the kernel’s chain names, also with many pods', () => {
    const ips = Array.from({ length: 249 }, (_, i) => `10.244.1.${i + 2}`);
    const chains = rules([web], { 'shop/web': [slice(ips, 8080)] }).flatMap(
      (line) => /^:(\S+)/.exec(line)?.[1] ?? [],
    );
    expect(Math.max(...chains.map(({ length }) => length))).toBeLessThanOrEqual(28);
    expect(new Set(chains).size).toBe(chains.length - 2);
  });
});
