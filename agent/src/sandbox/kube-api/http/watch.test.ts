import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { describe, expect, it, vi } from 'vitest';
import { pod } from '../testing/objects.ts';
import { labelledMap, names, serve, watch } from '../testing/serve.ts';

/** How long a state may take to come on a busy machine; a deadline, not a measure. */
const SOON = { timeout: 15_000 };

describe('watch', { timeout: 30_000 }, () => {
  const path = '/api/v1/configmaps';

  it('goes on from the version of a list, in order', async () => {
    await using served = await serve();
    const { config, store } = served;
    store.apply(labelledMap('before'));
    const from = String(store.version);
    store.apply(labelledMap('missed'));
    const { seen, stop } = await watch(config, path, { resourceVersion: from });
    store.apply(labelledMap('missed', { k: 'v' }));
    store.remove('configmaps', 'default', 'before');
    await vi.waitFor(
      () => expect(names(seen)).toEqual(['ADDED missed', 'MODIFIED missed', 'DELETED before']),
      SOON,
    );
    expect(seen.at(-1)?.object.metadata.resourceVersion).toBe(String(store.version));
    stop();
  });

  it('starts with the present when it is given no version, and marks where that ends when asked', async () => {
    await using served = await serve();
    const { config, store } = served;
    store.apply(labelledMap('a'));
    const plain = await watch(config, path, {});
    const marked = await watch(config, path, {
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    });
    await vi.waitFor(() => expect(names(plain.seen)).toEqual(['ADDED a']), SOON);
    await vi.waitFor(() => expect(marked.seen.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']), SOON);
    expect(marked.seen[1]?.object.metadata).toMatchObject({
      annotations: { 'k8s.io/initial-events-end': 'true' },
    });
    plain.stop();
    marked.stop();
  });

  it('shows an object that starts to match as added, and one that stops as deleted', async () => {
    await using served = await serve();
    const { config, store } = served;
    const resourceVersion = String(store.version);
    const { seen, stop } = await watch(config, path, { resourceVersion, labelSelector: 'app=web' });
    store.apply(labelledMap('a', {}, { app: 'db' }));
    store.apply(labelledMap('a', { k: '1' }, { app: 'web' }));
    store.apply(labelledMap('a', { k: '2' }, { app: 'web' }));
    store.apply(labelledMap('a', { k: '3' }, { app: 'db' }));
    store.remove('configmaps', 'default', 'a');
    store.apply(labelledMap('end', {}, { app: 'web' }));
    await vi.waitFor(
      () => expect(names(seen)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED end']),
      SOON,
    );
    expect(seen[2]?.object).toMatchObject({ data: { k: '2' }, metadata: { labels: { app: 'web' } } });
    stop();
  });

  it('ends in good order after its timeout, with a bookmark to go on from', async () => {
    await using served = await serve();
    const { config, store } = served;
    const { seen, ended } = await watch(config, path, {
      resourceVersion: String(store.version),
      allowWatchBookmarks: 'true',
      timeoutSeconds: '1',
    });
    store.apply(pod('elsewhere'));
    expect(await ended).toBeNull();
    expect(seen).toMatchObject([
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(store.version) } } },
    ]);
  });

  it('sends bookmarks as time goes by, to those who allow them', async () => {
    await using served = await serve({ bookmarkIntervalMs: 5 });
    const { config, store } = served;
    const resourceVersion = String(store.version);
    const plain = await watch(config, path, { resourceVersion });
    const marked = await watch(config, path, { resourceVersion, allowWatchBookmarks: 'true' });
    await vi.waitFor(() => expect(marked.seen.length).toBeGreaterThan(2), SOON);
    expect(new Set(marked.seen.map(({ type }) => type))).toEqual(new Set(['BOOKMARK']));
    expect(plain.seen).toEqual([]);
    plain.stop();
    marked.stop();
  });

  it('is cut off when its reader does not read', async () => {
    await using served = await serve({ maxWatchBufferBytes: 100_000 });
    const { api, store } = served;
    const { promise: opened, resolve } = Promise.withResolvers<IncomingMessage>();
    const headers = { authorization: 'Bearer secret' };
    const request = get(`${api.url}${path}?watch=true`, { ca: api.caPem, headers }, resolve);
    const response = await opened;
    response.pause();
    request.on('error', () => {});
    const closed = once(request, 'close');
    const filler = 'x'.repeat(500_000);
    // More than the kernel buffers for a connection on loopback, whatever its settings.
    for (let i = 0; i < 60; i++) store.apply(labelledMap('big', { filler, i: String(i) }));
    await closed;
    expect(api.dropWatches()).toBe(0);
  });

  it.each(['event', 'http'] as const)('refuses a forgotten version as %s', async (expiredWatch) => {
    await using served = await serve({ expiredWatch }, { historyLimit: 1 });
    const { config, store } = served;
    const resourceVersion = String(store.version);
    for (const name of ['a', 'b', 'c']) store.apply(labelledMap(name));
    const { seen, ended } = await watch(config, path, { resourceVersion });
    const error = await ended;
    if (expiredWatch === 'http') expect(error).toMatchObject({ statusCode: 410 });
    else expect(seen).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
  });

  it('refuses a version that is yet to come', async () => {
    await using served = await serve();
    const { config } = served;
    const { ended } = await watch(config, path, { resourceVersion: '999999' });
    expect(await ended).toMatchObject({ statusCode: 504 });
  });
});
