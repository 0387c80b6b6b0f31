import { beforeEach, describe, expect, it } from 'vitest';
import type { RedisStore } from '../../agent/src/store/redis-store.ts';
import { RedisProcess } from '../../agent/testing/redis.ts';
import { ask, asking, kept, storeAt, until, untilGranted } from './asking.ts';

describe('a Redis', () => {
  let redis: RedisProcess;
  let store: RedisStore;
  beforeEach(async () => {
    redis = kept(await RedisProcess.start());
    store = storeAt(redis.address);
    await untilGranted(store);
  });

  it('says how slow it was to whoever looks', async () => {
    await ask(store, [asking(1)]);
    const { slowestMs } = store.status();
    expect(slowestMs).toBeGreaterThan(0);
    expect(store.status().slowestMs).toBe(slowestMs);
  });

  it.each([
    ['is full', ['config', 'set', 'maxmemory', '1'], ['config', 'set', 'maxmemory', '0'], 'OOM'],
    ['is a replica', ['replicaof', '127.0.0.1', '1'], ['replicaof', 'no', 'one'], 'READONLY'],
  ])('that %s says so, until it takes something again', async (_, ill, well, why) => {
    await redis.cli(...ill);
    // As often as it takes for connections to be made anew, which is no reason.
    for (let i = 0; i < 20; i++) await ask(store, [asking(1)]);
    expect(store.status().problem).toContain(`: ${why} `);
    await redis.cli(...well);
    await untilGranted(store);
    expect(store.status().problem).toBeNull();
  });

  it('that wants another password says so', async () => {
    await redis.cli('config', 'set', 'requirepass', 'other');
    const client = ['-a', 'other', 'client', 'kill', 'type', 'normal', 'skipme', 'yes'];
    await redis.cli(...client);
    await until(async () => {
      await ask(store, [asking(1)]);
      return store.status().problem?.includes('NOAUTH') ?? false;
    });
  });

  it('in which something else has the name of a bucket does not fail for it or the others', async () => {
    const asks = [asking(1), asking(2), asking(3)];
    await untilGranted(store, asks);
    const [key = ''] = (await redis.cli('keys', '*')).split('\n');
    await redis.cli('del', key);
    await redis.cli('lpush', key, 'x');
    expect((await ask(store, asks)).grants).toHaveLength(3);
    expect(await redis.cli('type', key)).toBe('string');
  });
});
