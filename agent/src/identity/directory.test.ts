import type { Destination } from '@eastwall/policy';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NamedPort, NodeEntry, ServiceEntry, ServicePort, SliceEntry } from './cluster-objects.ts';
import { Directory } from './directory.ts';

const http = (port: number): NamedPort => ({ name: 'http', port });

const service = (name: string, ips: string[], ports: ServicePort[] = [http(80)]): ServiceEntry => ({
  namespace: 'shop',
  name,
  ips,
  ports,
});

const slice = (name: string, of: string, ips: string[], ports: NamedPort[] = [http(8080)]): SliceEntry => ({
  namespace: 'shop',
  name,
  service: of,
  ips,
  ports,
});

function directoryOf(...entries: (ServiceEntry | SliceEntry)[]): Directory {
  const directory = new Directory();
  for (const entry of entries) {
    if ('service' in entry) directory.upsertSlice(entry);
    else directory.upsertService(entry);
  }
  return directory;
}

const names = (destination: Destination): string[] =>
  destination.services.map((at) => `${at.namespace}/${at.service}:${at.port}`);

describe('a service address', () => {
  test('on a named port is that service port', () => {
    const directory = directoryOf(service('orders', ['10.96.0.1', 'fd00::1']));
    expect(names(directory.resolve('10.96.0.1', 80))).toEqual(['shop/orders:80']);
    expect(names(directory.resolve('FD00:0::1', 80))).toEqual(['shop/orders:80']);
    expect(names(directory.resolve('::ffff:10.96.0.1', 80))).toEqual(['shop/orders:80']);
  });

  test('on an unknown port is still that service', () => {
    const directory = directoryOf(service('orders', ['10.96.0.1']));
    expect(names(directory.resolve('10.96.0.1', 9999))).toEqual(['shop/orders:0']);
  });

  test('shared by two services is told apart by port', () => {
    const directory = directoryOf(
      service('orders', ['192.0.2.1'], [http(80)]),
      service('billing', ['192.0.2.1'], [http(81)]),
    );
    expect(names(directory.resolve('192.0.2.1', 81))).toEqual(['shop/billing:81']);
    expect(names(directory.resolve('192.0.2.1', 82))).toEqual(['shop/billing:0', 'shop/orders:0']);
  });
});

describe('an endpoint address', () => {
  test('on its target port is the service port of the same name', () => {
    const ports = [http(80), { name: 'admin', port: 81 }];
    const targets = [http(8080), { name: 'admin', port: 9000 }];
    const directory = directoryOf(
      service('orders', ['10.96.0.1'], ports),
      slice('orders-a', 'orders', ['10.0.1.4'], targets),
    );
    expect(names(directory.resolve('10.0.1.4', 8080))).toEqual(['shop/orders:80']);
    expect(names(directory.resolve('10.0.1.4', 9000))).toEqual(['shop/orders:81']);
  });

  test('belongs to every service that lists it, headless ones too', () => {
    const directory = directoryOf(
      service('orders', ['10.96.0.1']),
      service('orders-headless', [], [http(8080)]),
      slice('orders-a', 'orders', ['10.0.1.4']),
      slice('orders-headless-a', 'orders-headless', ['10.0.1.4']),
    );
    expect(names(directory.resolve('10.0.1.4', 8080))).toEqual([
      'shop/orders-headless:8080',
      'shop/orders:80',
    ]);
  });

  test('on a port that no slice lists is those services without a port', () => {
    const directory = directoryOf(service('orders', []), slice('orders-a', 'orders', ['10.0.1.4']));
    expect(names(directory.resolve('10.0.1.4', 22))).toEqual(['shop/orders:0']);
  });

  test('whose service has not been seen is that service without a port', () => {
    const directory = directoryOf(slice('orders-a', 'orders', ['10.0.1.4']));
    expect(names(directory.resolve('10.0.1.4', 8080))).toEqual(['shop/orders:0']);
  });

  test('in two slices of one service counts once, and survives the loss of either', () => {
    const directory = directoryOf(
      service('orders', []),
      slice('orders-a', 'orders', ['10.0.1.4']),
      slice('orders-b', 'orders', ['10.0.1.4', '10.0.1.4']),
    );
    expect(names(directory.resolve('10.0.1.4', 8080))).toEqual(['shop/orders:80']);
    directory.removeSlice('shop/orders-a');
    expect(names(directory.resolve('10.0.1.4', 8080))).toEqual(['shop/orders:80']);
    directory.removeSlice('shop/orders-b');
    expect(names(directory.resolve('10.0.1.4', 8080))).toEqual([]);
  });
});

test('an address that no service has resolves to no service', () => {
  expect(new Directory().resolve('203.0.113.9', 443)).toEqual({
    key: '203.0.113.9|443|',
    ip: '203.0.113.9',
    port: 443,
    services: [],
  });
});

describe('the key', () => {
  test('changes when the services behind the address change', () => {
    const directory = directoryOf(service('orders', ['10.96.0.1']), slice('a', 'orders', ['10.0.1.4']));
    const before = directory.resolve('10.0.1.4', 8080);
    directory.upsertService(service('orders', ['10.96.0.1'], [http(8000)]));
    const after = directory.resolve('10.0.1.4', 8080);
    expect(names(after)).toEqual(['shop/orders:8000']);
    expect(after.key).not.toBe(before.key);
  });

  test('and the object stay when something else changes', () => {
    const directory = directoryOf(service('orders', ['10.96.0.1']));
    const before = directory.resolve('10.96.0.1', 80);
    directory.upsertService(service('billing', ['10.96.0.2']));
    expect(directory.resolve('10.96.0.1', 80)).toBe(before);
  });
});

test('forgets destinations that nobody asks for any more', () => {
  const directory = new Directory({ maxDestinations: 2 });
  const first = directory.resolve('203.0.113.1', 443);
  expect(directory.resolve('203.0.113.1', 443)).toBe(first);
  directory.resolve('203.0.113.2', 443);
  directory.resolve('203.0.113.3', 443);
  const again = directory.resolve('203.0.113.1', 443);
  expect(again).not.toBe(first);
  expect(again).toEqual(first);
});

describe('a node port', () => {
  const open = service('orders', ['10.96.0.1'], [{ name: 'http', port: 80, nodePort: 30_080 }]);
  const node = (name: string, ...ips: string[]) => ({ name, ips });

  test('on any address of any node is the port of its Service', () => {
    const directory = directoryOf(open);
    const at = (ip: string, port = 30_080) => names(directory.resolve(ip, port));
    expect(at('172.20.1.1')).toEqual([]);
    directory.upsertNode(node('a', '172.20.1.1', '10.244.1.1'));
    directory.upsertNode(node('b', 'fd00:172::2'));
    for (const ip of ['172.20.1.1', '10.244.1.1', 'fd00:172::2']) expect(at(ip)).toEqual(['shop/orders:80']);
    expect([at('172.20.1.1', 80), at('172.20.1.1', 30_081), at('203.0.113.1')]).toEqual([[], [], []]);
    expect(at('10.96.0.1')).toEqual(['shop/orders:0']);
    directory.removeNode('a');
    expect(at('172.20.1.1')).toEqual([]);
  });

  test('follows its Service', () => {
    const directory = directoryOf(open);
    directory.upsertNode(node('a', '172.20.1.1'));
    const at = (port: number) => names(directory.resolve('172.20.1.1', port));
    directory.upsertService({ ...open, ports: [{ name: 'http', port: 80, nodePort: 30_081 }] });
    expect([at(30_080), at(30_081)]).toEqual([[], ['shop/orders:80']]);
    directory.removeService('shop/orders');
    expect(at(30_081)).toEqual([]);
  });
});

/* Few names and addresses, so that random histories collide. */
const ips = fc.subarray(['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1']);
const ports = fc.subarray<ServicePort>([
  http(80),
  { name: 'admin', port: 81, nodePort: 83 },
  { name: '', port: 82 },
]);
const name = fc.constantFrom('a', 'b', 'c');
const namespace = fc.constantFrom('n', 'm');
const change = fc.oneof(
  fc.record({ kind: fc.constant('service' as const), namespace, name, ips, ports }),
  fc.record({ kind: fc.constant('slice' as const), namespace, name, service: name, ips, ports }),
  fc.record({ kind: fc.constantFrom('node' as const, 'no node' as const), namespace, name, ips }),
  fc.record({ kind: fc.constantFrom('no service' as const, 'no slice' as const), namespace, name }),
);

test('resolves after any history as a directory built from what is left', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (history) => {
      const lived = new Directory({ maxDestinations: 4 });
      const services = new Map<string, ServiceEntry>();
      const slices = new Map<string, SliceEntry>();
      const nodes = new Map<string, NodeEntry>();
      for (const step of history) {
        const key = `${step.namespace}/${step.name}`;
        if (step.kind === 'service') {
          lived.upsertService(step);
          services.set(key, step);
        } else if (step.kind === 'slice') {
          lived.upsertSlice(step);
          slices.set(key, step);
        } else if (step.kind === 'no service') {
          lived.removeService(key);
          services.delete(key);
        } else if (step.kind === 'node') {
          lived.upsertNode(step);
          nodes.set(step.name, step);
        } else if (step.kind === 'no node') {
          lived.removeNode(step.name);
          nodes.delete(step.name);
        } else {
          lived.removeSlice(key);
          slices.delete(key);
        }
        lived.resolve('10.0.0.1', 80);
      }
      const rebuilt = directoryOf(...[...slices.values()].reverse(), ...services.values());
      for (const node of nodes.values()) rebuilt.upsertNode(node);
      for (const ip of ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1']) {
        for (const port of [80, 81, 82, 83]) {
          expect(lived.resolve(ip, port)).toEqual(rebuilt.resolve(ip, port));
        }
      }
      expect(lived.size).toEqual(rebuilt.size);
    }),
  );
});
