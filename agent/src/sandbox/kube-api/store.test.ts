import { describe, expect, it } from 'vitest';
import type { ObjectEvent } from './history.ts';
import type { ObjectInput } from './object.ts';
import { ObjectStore } from './store.ts';

const specOn = (nodeName: string) => ({ nodeName, containers: [{ name: 'main', image: 'none' }] });

const pod = (name: string, extra: Record<string, unknown> = {}): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: specOn('a'),
  ...extra,
});

describe('ObjectStore', () => {
  it('fills the metadata on create and refuses a second object of the name', () => {
    const store = new ObjectStore({ now: () => new Date('2026-01-02T03:04:05.678Z'), uid: () => 'u1' });
    const created = store.create('pods', pod('web'));
    expect(created).toMatchObject({
      ok: true,
      value: { metadata: { uid: 'u1', generation: 1, creationTimestamp: '2026-01-02T03:04:05Z' } },
    });
    expect(store.create('pods', pod('web'))).toMatchObject({
      ok: false,
      error: { code: 409, reason: 'AlreadyExists' },
    });
  });

  it('keeps spec and status apart, and counts generations by spec', () => {
    const store = new ObjectStore();
    store.create('pods', pod('web'));
    const running = store.update('pods', pod('web', { status: { phase: 'Running' } }), {
      subresource: 'status',
    });
    expect(running).toMatchObject({
      value: { metadata: { generation: 1 }, status: { phase: 'Running' }, spec: { nodeName: 'a' } },
    });
    const changed = store.update('pods', pod('web', { spec: specOn('b'), status: { phase: 'Failed' } }));
    expect(changed).toMatchObject({
      value: { metadata: { generation: 2 }, status: { phase: 'Running' }, spec: { nodeName: 'b' } },
    });
  });

  it('refuses a write from an old version', () => {
    const store = new ObjectStore();
    store.create('pods', pod('web'));
    const stale = { ...pod('web'), metadata: { name: 'web', namespace: 'default', resourceVersion: '1' } };
    expect(store.update('pods', stale)).toMatchObject({
      ok: false,
      error: { code: 409, reason: 'Conflict' },
    });
  });

  it('does not publish a write that changes nothing', () => {
    const store = new ObjectStore();
    store.apply(pod('web'));
    const before = store.version;
    store.apply(pod('web'));
    expect(store.version).toBe(before);
  });

  it('delivers events in write order even when a listener writes', () => {
    const store = new ObjectStore();
    const seen: string[] = [];
    const note = (event: ObjectEvent) => seen.push(`${event.type} ${event.object.metadata.name}`);
    store.subscribe('pods', (event) => {
      if (event.object.metadata.name === 'first') store.create('pods', pod('second'));
    });
    store.subscribe('pods', note);
    store.create('pods', pod('first'));
    store.remove('pods', 'default', 'first');
    expect(seen).toEqual(['ADDED first', 'ADDED second', 'DELETED first']);
  });

  it('hands out frozen objects that share nothing with the input', () => {
    const store = new ObjectStore();
    const labels: Record<string, string> = { app: 'web' };
    store.create('pods', { ...pod('web'), metadata: { name: 'web', labels } });
    labels['app'] = 'other';
    const stored = store.get('pods', 'default', 'web');
    expect(stored?.metadata.labels).toEqual({ app: 'web' });
    expect(Object.isFrozen(stored?.metadata.labels)).toBe(true);
  });
});
