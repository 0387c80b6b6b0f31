import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Pod, Service, ServiceSpec } from '../cluster/objects.ts';
import { slicesOf } from './endpoint-slices.ts';

const meta = (name: string) => ({
  name,
  namespace: 'shop',
  uid: `uid-${name}`,
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
});

interface Options {
  readonly ready?: boolean;
  readonly ips?: readonly string[];
  readonly port?: number;
  readonly labels?: Record<string, string>;
  readonly phase?: 'Running' | 'Failed';
  readonly deletionTimestamp?: string;
}

const pod = (name: string, options: Options = {}): Pod => {
  const {
    ready = true,
    ips = ['10.0.0.1', 'fd00::1'],
    port = 8080,
    labels = { app: 'web' },
    phase = 'Running',
  } = options;
  const { deletionTimestamp } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name), labels, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
    spec: {
      nodeName: 'node-a',
      containers: [{ name: 'main', ports: [{ name: 'http', containerPort: port }] }],
    },
    status: {
      phase,
      podIPs: ips.map((ip) => ({ ip })),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
};

const service = (spec: Partial<ServiceSpec> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta('web'),
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }], ...spec },
});

const slices = (spec: Partial<ServiceSpec>, ...pods: Pod[]) =>
  slicesOf(service(spec), pods) as unknown as EndpointSlice[];

describe('slicesOf', () => {
  it('has a slice per family, with the pod behind each address', () => {
    const made = slices({}, pod('a'));
    expect(
      made.map(({ addressType, endpoints, ports }) => [addressType, endpoints?.[0]?.addresses, ports]),
    ).toEqual([
      ['IPv4', ['10.0.0.1'], [{ name: '', port: 8080, protocol: 'TCP' }]],
      ['IPv6', ['fd00::1'], [{ name: '', port: 8080, protocol: 'TCP' }]],
    ]);
    expect(made[0]?.endpoints?.[0]).toMatchObject({
      nodeName: 'node-a',
      targetRef: { kind: 'Pod', namespace: 'shop', name: 'a', uid: 'uid-a' },
    });
    expect(slices({ ipFamilies: ['IPv4'] }, pod('a'))).toHaveLength(1);
  });

  it('leaves out pods that the selector does not choose, that have finished or have no address yet', () => {
    const others = [pod('b', { labels: { app: 'x' } }), pod('c', { phase: 'Failed' }), pod('d', { ips: [] })];
    expect(slices({}, ...others)).toEqual([]);
    expect(slices({ selector: {} }, pod('a'))).toEqual([]);
  });

  it('says which are ready, and that a terminating one only serves', () => {
    const pods = [
      pod('a'),
      pod('b', { ready: false }),
      pod('c', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    ];
    const conditions = (spec: Partial<ServiceSpec>) =>
      slices(spec, ...pods)[0]?.endpoints?.map((one) => one.conditions);
    expect(conditions({})).toEqual([
      { ready: true, serving: true, terminating: false },
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true },
    ]);
    expect(conditions({ publishNotReadyAddresses: true })?.every((one) => one?.ready)).toBe(true);
  });

  it('separates pods whose named port has another number', () => {
    const made = slices({}, pod('a'), pod('b', { port: 9090, ips: ['10.0.0.2'] }));
    const v4 = made.filter(({ addressType }) => addressType === 'IPv4');
    expect(v4.map(({ metadata, ports }) => [metadata.name, ports?.[0]?.port])).toEqual([
      ['web-ipv4', 8080],
      ['web-ipv4-1', 9090],
    ]);
  });
});
