import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { projectPod } from './pod.ts';
import { projectNamespace, projectNode, projectService, projectSlice } from './project.ts';

const metadata = { namespace: 'shop', name: 'orders' };

describe('a Service', () => {
  test('keeps every address that leads to it, once and in canonical text, and its TCP ports', () => {
    const json = {
      metadata,
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.1',
        clusterIPs: ['10.96.0.1', 'FD00:0:0::1'],
        externalIPs: ['192.0.2.7'],
        ports: [
          { name: 'http', port: 80, protocol: 'TCP', targetPort: 'web', nodePort: 30080 },
          { name: 'dns', port: 53, protocol: 'UDP', nodePort: 30053 },
          { name: 'grpc', port: 9000 },
        ],
      },
      status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }, { hostname: 'lb.example' }] } },
    };
    expect(projectService(json)).toEqual({
      ok: true,
      value: {
        namespace: 'shop',
        name: 'orders',
        ips: ['10.96.0.1', 'fd00::1', '192.0.2.7', '198.51.100.1'],
        ports: [
          { name: 'http', port: 80, nodePort: 30_080 },
          { name: 'grpc', port: 9000 },
        ],
      },
    });
  });

  test('says which of its ports are opaque, and what is wrong with that', () => {
    const declare = (text: string) =>
      projectService({
        metadata: { ...metadata, annotations: { 'eastwall.dev/opaque-ports': text } },
        spec: {},
      });
    expect(declare('25,80-81')).toMatchObject({
      value: {
        opaquePorts: {
          ports: [
            { from: 25, to: 25 },
            { from: 80, to: 81 },
          ],
          problem: null,
        },
      },
    });
    expect(declare('')).toMatchObject({ value: { opaquePorts: { ports: [], problem: null } } });
    expect(declare('http')).toMatchObject({
      value: { opaquePorts: { ports: [], problem: expect.stringContaining('`http` is neither') } },
    });
  });

  test('without a cluster IP has no address', () => {
    const json = { metadata, spec: { clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 80 }] } };
    expect(projectService(json)).toEqual({
      ok: true,
      value: { namespace: 'shop', name: 'orders', ips: [], ports: [{ name: '', port: 80 }] },
    });
  });

  test('of type ExternalName is of no use', () => {
    const json = { metadata, spec: { type: 'ExternalName', externalName: 'db.example' } };
    expect(projectService(json)).toEqual({ ok: true, value: null });
  });

  test('without a name is a problem', () => {
    expect(projectService({ metadata: { namespace: 'shop' } })).toEqual({
      ok: false,
      error: { path: 'metadata.name', message: 'is missing' },
    });
  });
});

describe('a Node', () => {
  test('is reached by what it reports, and by the first addresses of its pods’ networks', () => {
    const addresses = [
      { type: 'Hostname', address: 'n1' },
      { type: 'InternalIP', address: '172.20.1.1' },
      { type: 'InternalIP', address: 'FD00:172::1' },
      { type: 'ExternalIP', address: '198.51.100.7' },
      { type: 'InternalDNS', address: '192.0.2.9' },
    ];
    const spec = { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'] };
    expect(projectNode({ metadata: { name: 'n1' }, spec, status: { addresses } })).toEqual({
      ok: true,
      value: {
        name: 'n1',
        ips: [
          '172.20.1.1',
          'fd00:172::1',
          '198.51.100.7',
          '10.244.1.0',
          '10.244.1.1',
          'fd00:10:244:1::',
          'fd00:10:244:1::1',
        ],
      },
    });
  });

  test.each([[''], ['10.244.1.0'], ['10.244.1.0/33'], ['a/b'], ['10.0.0.255/32'], [7]])(
    'with the network %j has no address of it',
    (podCIDR) => {
      expect(projectNode({ metadata: { name: 'n1' }, spec: { podCIDR, podCIDRs: podCIDR } })).toEqual({
        ok: true,
        value: { name: 'n1', ips: [] },
      });
    },
  );

  test('without a name is a problem', () => {
    expect(projectNode({}).ok).toBe(false);
  });
});

describe('an EndpointSlice', () => {
  const labels = { 'kubernetes.io/service-name': 'orders' };

  test('keeps the addresses of all endpoints, ready or not, and the TCP target ports', () => {
    const json = {
      metadata: { ...metadata, name: 'orders-x7', labels },
      addressType: 'IPv6',
      endpoints: [
        { addresses: ['FD00::4'], conditions: { ready: true } },
        { addresses: ['fd00::5'], conditions: { ready: false } },
        { addresses: ['fd00:0::5'] },
      ],
      ports: [
        { name: 'http', port: 8080, protocol: 'TCP' },
        { name: 'any', port: null },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    };
    expect(projectSlice(json)).toEqual({
      ok: true,
      value: {
        namespace: 'shop',
        name: 'orders-x7',
        service: 'orders',
        ips: ['fd00::4', 'fd00::5'],
        ports: [{ name: 'http', port: 8080 }],
      },
    });
  });

  test('of no Service, or of host names, is of no use', () => {
    expect(projectSlice({ metadata, endpoints: [] })).toEqual({ ok: true, value: null });
    const names = {
      metadata: { ...metadata, labels },
      addressType: 'FQDN',
      endpoints: [{ addresses: ['a.example'] }],
    };
    expect(projectSlice(names)).toEqual({ ok: true, value: null });
  });
});

test('a Namespace keeps its labels and our annotations', () => {
  const json = {
    metadata: {
      name: 'shop',
      labels: { team: 'a' },
      annotations: {
        'eastwall.dev/capture': 'off',
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
      },
    },
  };
  expect(projectNamespace(json)).toEqual({
    ok: true,
    value: { name: 'shop', labels: { team: 'a' }, annotations: { 'eastwall.dev/capture': 'off' } },
  });
});

describe('a Pod', () => {
  const named = { ...metadata, uid: 'u1' };

  test('keeps who it is and what capture must know', () => {
    const json = {
      metadata: {
        ...named,
        labels: { app: 'orders' },
        annotations: { 'eastwall.dev/capture': 'off', other: 'x' },
        deletionTimestamp: '2026-01-01T00:00:00Z',
        ownerReferences: [
          { kind: 'Backup', name: 'b' },
          { kind: 'ReplicaSet', name: 'orders-5f', controller: true },
        ],
      },
      spec: {
        nodeName: 'n1',
        serviceAccountName: 'orders',
        hostNetwork: true,
        runtimeClassName: 'gvisor',
        containers: [{ name: 'a' }],
        initContainers: [{ name: 'b', securityContext: { privileged: true } }],
      },
      status: {
        phase: 'Running',
        hostIP: '10.0.0.9',
        hostIPs: [{ ip: '10.0.0.9' }],
        podIP: '10.0.1.4',
        podIPs: [{ ip: '10.0.1.4' }, { ip: 'fd00:0::4' }],
      },
    };
    expect(projectPod(json)).toEqual({
      ok: true,
      value: {
        uid: 'u1',
        namespace: 'shop',
        name: 'orders',
        node: 'n1',
        serviceAccount: 'orders',
        hostIPs: ['10.0.0.9'],
        podIPs: ['10.0.1.4', 'fd00::4'],
        labels: { app: 'orders' },
        annotations: { 'eastwall.dev/capture': 'off' },
        hostNetwork: true,
        privileged: true,
        phase: 'Running',
        deletionTimestamp: '2026-01-01T00:00:00Z',
        runtimeClass: 'gvisor',
        owner: { kind: 'ReplicaSet', name: 'orders-5f' },
      },
    });
  });

  test('that has only been created has no address, node or owner', () => {
    expect(projectPod({ metadata: named, spec: {} })).toEqual({
      ok: true,
      value: {
        uid: 'u1',
        namespace: 'shop',
        name: 'orders',
        node: '',
        serviceAccount: 'default',
        hostIPs: [],
        podIPs: [],
        labels: {},
        annotations: {},
        hostNetwork: false,
        privileged: false,
        phase: 'Unknown',
        deletionTimestamp: null,
        runtimeClass: null,
        owner: null,
      },
    });
  });

  test('without a uid is a problem', () => {
    expect(projectPod({ metadata })).toEqual({
      ok: false,
      error: { path: 'metadata.uid', message: 'is missing' },
    });
  });
});

/* Objects with our field names and any values in them: what a broken or hostile API server could send. */
const field = fc.constantFrom(
  ...[
    'metadata',
    'name',
    'namespace',
    'uid',
    'labels',
    'annotations',
    'ownerReferences',
    'spec',
    'status',
    'ports',
  ],
  ...['port', 'clusterIP', 'clusterIPs', 'endpoints', 'addresses', 'podIPs', 'ip', 'loadBalancer', 'ingress'],
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('tree')),
    fc.dictionary(field, tie('tree')),
  ),
}));

test.each([projectService, projectSlice, projectNamespace, projectPod])('%o never throws', (project) => {
  fc.assert(fc.property(tree, (json) => typeof project(json).ok === 'boolean'));
});
