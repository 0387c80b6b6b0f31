import type { ApiPolicy, Workload } from '@eastwall/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceEntry } from '../identity/cluster-objects.ts';
import type { ToDataplane } from '../ipc/messages.ts';
import { type ClusterDelta, Snapshot } from './snapshot.ts';

const service = (name: string, ip: string): ServiceEntry => ({
  namespace: 'shop',
  name,
  ips: [ip],
  ports: [{ name: '', port: 80 }],
});
const policy = (name: string): ApiPolicy => ({
  namespace: 'shop',
  name,
  generation: 1,
  mode: 'Enforce',
  target: {},
  rules: [],
});
const workload = { uid: 'u', namespace: 'shop', name: 'frontend' } as Workload;
const everywhere = () => true;

const serviceDelta = fc.record({
  kind: fc.constant('services' as const),
  upsert: fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 99 })), {
    maxLength: 3,
  }),
  remove: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 2 }),
});

/** What a dataplane knows after these messages. */
function known(messages: Iterable<ToDataplane>): Map<string, ServiceEntry> {
  const services = new Map<string, ServiceEntry>();
  for (const message of messages) {
    if (message.kind !== 'services') continue;
    for (const entry of message.upsert) services.set(`${entry.namespace}/${entry.name}`, entry);
    for (const key of message.remove) services.delete(key);
  }
  return services;
}

describe('Snapshot', () => {
  it('replays to a fresh dataplane what the deltas left in the old one', () => {
    fc.assert(
      fc.property(fc.array(serviceDelta, { maxLength: 10 }), (changes) => {
        const snapshot = new Snapshot();
        const deltas: ClusterDelta[] = changes.map(({ kind, upsert, remove }) => ({
          kind,
          upsert: upsert.map(([name, ip]) => service(`s${name}`, `10.0.0.${ip}`)),
          remove: remove.map((name) => `shop/s${name}`),
        }));
        for (const delta of deltas) snapshot.apply(delta);
        expect(new Map([...known(snapshot.replay(everywhere))].sort())).toEqual(
          new Map([...known(deltas)].sort()),
        );
      }),
    );
  });

  it('tells a dataplane of the callers it serves and of no others', () => {
    const snapshot = new Snapshot();
    snapshot.setCaller(1, { state: 'known', workload });
    snapshot.setCaller(2, { state: 'pending' });
    snapshot.setCaller(3, { state: 'pending' });
    snapshot.forget(3);
    const odd = [...snapshot.replay((ns) => ns % 2 === 1)];
    expect(odd).toEqual([{ kind: 'caller', ns: 1, caller: { state: 'known', workload } }]);
  });

  it('says `synced` last, and only once everything is known', () => {
    const snapshot = new Snapshot();
    snapshot.apply({ kind: 'policies', upsert: [policy('orders')], remove: [] });
    snapshot.apply({ kind: 'egress-policies', upsert: [policy('gone'), policy('out')], remove: [] });
    snapshot.apply({ kind: 'egress-policies', upsert: [], remove: ['shop/gone'] });
    snapshot.setCaller(1, { state: 'pending' });
    snapshot.setStreamAll(true);
    const kinds = () => [...snapshot.replay(everywhere)].map(({ kind }) => kind);
    expect(kinds()).toEqual(['policies', 'egress-policies', 'caller', 'stream-all']);
    expect([...snapshot.egressPolicies].map(({ name }) => name)).toEqual(['out']);
    snapshot.setSynced();
    snapshot.setStreamAll(false);
    expect(kinds()).toEqual(['policies', 'egress-policies', 'caller', 'synced']);
  });

  it('keeps the nodes by name', () => {
    const snapshot = new Snapshot();
    const node = (name: string, ...ips: string[]) => ({ name, ips });
    snapshot.apply({ kind: 'nodes', upsert: [node('a', '10.0.0.1'), node('b', '10.0.0.2')], remove: [] });
    snapshot.apply({ kind: 'nodes', upsert: [node('b', '10.0.0.3')], remove: ['a'] });
    expect([...snapshot.replay(everywhere)]).toEqual([
      { kind: 'nodes', upsert: [node('b', '10.0.0.3')], remove: [] },
    ]);
  });

  it('splits a large cluster into messages of bounded size', () => {
    const snapshot = new Snapshot();
    const upsert = Array.from({ length: 1_001 }, (_, n) => service(`s${n}`, '10.0.0.1'));
    snapshot.apply({ kind: 'services', upsert, remove: [] });
    const sizes = [...snapshot.replay(everywhere)].map((message) =>
      'upsert' in message ? message.upsert.length : 0,
    );
    expect(sizes).toEqual([200, 200, 200, 200, 200, 1]);
  });
});
