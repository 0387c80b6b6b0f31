import { describe, expect, it } from 'vitest';
import type { ObjectEvent } from './history.ts';
import { ObjectStore } from './store.ts';
import { configMap, pod, value } from './testing/objects.ts';

describe('events', () => {
  it('are delivered in write order even when a listener writes', () => {
    const store = new ObjectStore();
    const seen: string[] = [];
    store.subscribe('pods', (event) => {
      if (event.type === 'ADDED' && event.object.metadata.name === 'first')
        store.create('pods', pod('second'));
    });
    store.subscribe('pods', (event) => seen.push(`${event.type} ${event.object.metadata.name}`));
    store.create('pods', pod('first'));
    store.remove('pods', 'default', 'first');
    expect(seen).toEqual(['ADDED first', 'ADDED second', 'DELETED first']);
  });

  it('stop with the subscription, and tell what was before', () => {
    const store = new ObjectStore();
    const seen: ObjectEvent[] = [];
    const unsubscribe = store.subscribe('configmaps', (event) => seen.push(event));
    store.apply(configMap('a'));
    store.apply({ ...configMap('a'), data: { k: 'v' } });
    unsubscribe();
    store.apply({ ...configMap('a'), data: { k: 'w' } });
    expect(seen.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED']);
    expect(seen[1]?.previous).toBe(seen[0]?.object);
  });

  it('can be read from a version on, until they are forgotten', () => {
    const store = new ObjectStore({ historyLimit: 2 });
    store.apply(configMap('a'));
    const start = store.version;
    store.apply(configMap('b'));
    store.apply(configMap('c'));
    expect(store.eventsSince('configmaps', start)).toHaveLength(2);
    expect(store.listAt('configmaps', start)?.map((object) => object.metadata.name)).toEqual(['a']);
    store.apply(configMap('d'));
    expect(store.eventsSince('configmaps', start)).toBeUndefined();
    expect(store.listAt('configmaps', start)).toBeUndefined();
    expect(store.eventsSince('configmaps', store.version)).toEqual([]);
    const beforeCompaction = store.version;
    store.apply(configMap('e'));
    store.compact();
    expect(store.eventsSince('configmaps', beforeCompaction)).toBeUndefined();
    expect(store.eventsSince('configmaps', store.version)).toEqual([]);
    // Compaction forgets the past of all resources, also of those that have none.
    store.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } });
    store.compact();
    expect(store.eventsSince('configmaps', store.version - 1)).toBeUndefined();
  });

  it('of reports are kept up to a bound, the newest', () => {
    const store = new ObjectStore({ maxEvents: 2 });
    for (const name of ['a', 'b', 'a', 'c']) {
      const involvedObject = { kind: 'Pod', name: 'web' };
      const count = store.version;
      value(store.apply({ apiVersion: 'v1', kind: 'Event', metadata: { name }, involvedObject, count }));
    }
    expect(store.list('events').map((object) => object.metadata.name)).toEqual(['a', 'c']);
  });

  it('let an old list be read back after changes and deletions', () => {
    const store = new ObjectStore();
    store.apply(configMap('a'));
    store.apply({ ...configMap('b'), data: { k: 'old' } });
    const then = store.list('configmaps');
    const version = store.version;
    store.remove('configmaps', 'default', 'a');
    for (const k of ['newer', 'newest']) store.apply({ ...configMap('b'), data: { k } });
    store.apply(configMap('c'));
    expect(store.listAt('configmaps', version)).toEqual(then);
  });
});
