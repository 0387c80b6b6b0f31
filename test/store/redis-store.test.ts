import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newBucketState, settle } from '@eastwall/policy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeAddress } from '../../agent/src/config/store-address.ts';
import { LEASE_SCRIPT, readAnswer, scriptArguments } from '../../agent/src/store/lease-script.ts';
import { connectRedis } from '../../agent/src/store/redis-connect.ts';
import type { RedisStore } from '../../agent/src/store/redis-store.ts';
import { RedisProcess } from '../../agent/testing/redis.ts';

import {
  ask,
  asking,
  CLUSTER_MS,
  HASTY_MS,
  kept,
  NO_SECRETS,
  RATE,
  SLOW,
  SOON_MS,
  storeAt,
  until,
  untilGivenUp,
  untilGranted,
} from './asking.ts';

describe('one Redis', () => {
  let redis: RedisProcess;
  let store: RedisStore;
  /** The bucket that the first question made. */
  let idle: string | undefined;
  const bucketKeys = async () => (await redis.cli('keys', '*')).split('\n');
  beforeEach(async () => {
    redis = kept(await RedisProcess.start());
    store = storeAt(redis.address);
    await untilGranted(store, [asking(0, { want: 0 })]);
    [idle] = await bucketKeys();
  });

  it('keeps buckets exactly as the model of them says', async () => {
    const script = LEASE_SCRIPT.replace("redis.call('TIME')", '{ARGV[#ARGV - 1], ARGV[#ARGV]}');
    const parsed = storeAddress(redis.address);
    if (!parsed.ok || parsed.value === null) throw new Error();
    const client = connectRedis({ address: parsed.value, secrets: NO_SECRETS, timeoutMs: 5_000 });
    await new Promise((resolve) => client.once('ready', resolve));
    const rates = [
      RATE,
      { tokens: 7, windowUs: 60_000_000, burst: 7 },
      { tokens: 1e6, windowUs: 1e6, burst: 1e7 },
    ];
    let random = 12_345;
    const next = (below: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      return random % below;
    };
    for (const [at, rate] of rates.entries()) {
      const state = newBucketState();
      let nowUs = 1_700_000_000_000_000;
      let tat = 0;
      for (let step = 0; step < 300; step++) {
        nowUs += next(next(2) === 0 ? 3_000_000 : 300_000);
        const one = asking(1, {
          rate,
          want: next(2 * rate.burst),
          least: 1 + next(5),
          owed: next(10) - 5,
          local: next(3) === 0 ? next(200) : 0,
          late: next(3) === 0 ? next(50) : 0,
          away: next(2) === 0 ? next(5_000_000) : 0,
          drained: next(2_000_000),
          arrived: next(1_000),
          period: Math.floor(nowUs / 2_000_000) - next(2),
          tat: next(2) === 0 ? tat : 0,
        });
        const time = [Math.floor(nowUs / 1e6), nowUs % 1e6];
        const answer = await client.eval(script, 1, `model-${at}`, ...scriptArguments([one]), ...time);
        const expected = settle(state, one, nowUs);
        expect(readAnswer(answer, [one])).toEqual([expected]);
        tat = expected.tat;
      }
    }
    client.disconnect();
  });

  it('answers for many buckets at once, each for itself', async () => {
    const asks = Array.from({ length: 500 }, (_, bucket) => asking(bucket, { want: bucket % 150 }));
    const { grants, failed } = await ask(store, asks);
    expect(failed).toEqual([]);
    expect(new Map(grants.map(({ bucket, granted }) => [bucket, granted]))).toEqual(
      new Map(asks.map(({ bucket, want }) => [bucket, Math.min(100, want)])),
    );
  });

  it('holds nothing that names anybody', async () => {
    await ask(store, [asking(1), asking(2)]);
    const keys = await bucketKeys();
    expect(keys).toHaveLength(3);
    for (const key of keys) {
      expect(key).toMatch(/^eastwall:\{\d+\}:limit:[A-Za-z0-9_-]{22}$/);
      expect(await redis.cli('get', key)).toMatch(/^[\d ]+$/);
      expect(Number(await redis.cli('pttl', key))).toBeGreaterThan(0);
    }
  });

  it.each([
    ['of before', (numbers: readonly string[]) => numbers.slice(0, 6)],
    ['of times to come', (numbers: readonly string[]) => [...numbers, '7', '8']],
  ])(
    'remembers what is spent when an agent of another version, one %s, has written the bucket',
    async (_, other) => {
      await ask(store, [asking(1, { want: 100, rate: SLOW })]);
      const key = (await bucketKeys()).find((name) => name !== idle) ?? '';
      const numbers = (await redis.cli('get', key)).split(' ');
      expect(numbers).toHaveLength(8);
      await redis.cli('set', key, other(numbers).join(' '));
      expect((await ask(store, [asking(1, { want: 100, rate: SLOW })])).grants[0]?.granted).toBe(0);
    },
  );

  it('is given the script again when it has lost it', async () => {
    await redis.cli('script', 'flush');
    expect((await ask(store, [asking(1)])).grants).toMatchObject([{ granted: 10 }]);
  });

  it('that has lost everything is reminded by whoever asks', async () => {
    const { grants } = await ask(store, [asking(1, { want: 100, rate: SLOW })]);
    await redis.cli('flushall');
    const again = await ask(store, [asking(1, { want: 100, rate: SLOW, tat: grants[0]?.tat ?? 0 })]);
    expect(again.grants[0]?.granted).toBe(0);
  });

  it('that is killed is missed at once, and used again when it is back', async () => {
    await redis.kill();
    for (let i = 0; i < 10; i++) {
      const { failed, tookMs } = await ask(store, [asking(1)]);
      expect(failed).toEqual([1]);
      expect(tookMs).toBeLessThan(SOON_MS);
    }
    await untilGivenUp(store);
    await redis.start();
    await untilGranted(store);
    expect(store.status().problem).toBeNull();
  });

  it('that is back is back for what nobody asks for any more, too', async () => {
    const others = Array.from({ length: 100 }, (_, bucket) => asking(bucket));
    await redis.kill();
    await untilGivenUp(store, others);
    await redis.start();
    await untilGranted(store);
    expect(store.status().problem).toBeNull();
  });

  it('that is gone is missed even when nobody asks', async () => {
    expect(store.status().problem).toBeNull();
    await redis.kill();
    await until(async () => store.status().problem?.startsWith('no connection: ') ?? false);
    await redis.start();
    await until(async () => store.status().problem === null);
  });

  it('that stands still is not waited for, and what it was asked then is not debited for long', async () => {
    const hasty = storeAt(redis.address, { timeoutMs: HASTY_MS });
    await untilGranted(hasty);
    redis.pause();
    for (let i = 0; i < 10; i++) {
      const { failed, tookMs } = await ask(hasty, [asking(1, { want: 5 })]);
      expect(failed).toEqual([1]);
      expect(tookMs).toBeLessThan(SOON_MS);
    }
    await untilGivenUp(hasty);
    redis.resume();
    await untilGranted(hasty);
  });

  it('with another answer than the script gives is no store', () => {
    expect(readAnswer(['1', 2], [asking(1)])).toBeNull();
    expect(readAnswer([-1, 0, 0, 0, 0, 0, 0], [asking(1)])).toBeNull();
    expect(readAnswer('OK', [asking(1)])).toBeNull();
  });
});

describe('a Redis with secrets', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'eastwall-tls-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is used with user and password, and not without', async () => {
    const redis = kept(await RedisProcess.start('--requirepass', 'hunter2'));
    await untilGranted(storeAt(redis.address, { secrets: { ...NO_SECRETS, password: 'hunter2' } }));
    const stranger = storeAt(redis.address);
    const { failed } = await ask(stranger, [asking(1)]);
    expect(failed).toEqual([1]);
  });

  it('is used with TLS, and only with a certificate that can be checked', async () => {
    const file = (name: string) => join(directory, name);
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
        .concat(['-keyout', file('key.pem'), '-out', file('cert.pem'), '-subj', '/CN=localhost'])
        .concat(['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']),
      { stdio: 'ignore' },
    );
    const redis = kept(await RedisProcess.start());
    const tlsPort = redis.port + 1;
    await redis.cli('config', 'set', 'tls-auth-clients', 'no');
    await redis.cli(
      'config',
      'set',
      'tls-key-file',
      file('key.pem'),
      'tls-cert-file',
      file('cert.pem'),
      'tls-port',
      `${tlsPort}`,
    );
    const address = `rediss://localhost:${tlsPort}`;
    const ca = readFileSync(file('cert.pem'), 'utf8');
    await untilGranted(storeAt(address, { secrets: { ...NO_SECRETS, ca } }));
    const wary = storeAt(address);
    for (let i = 0; i < 5; i++) expect((await ask(wary, [asking(1)])).failed).toEqual([1]);
  });
});

describe('Redis with sentinels', () => {
  it('goes on at the replica when the master is gone', async () => {
    const master = kept(await RedisProcess.start());
    const replica = kept(await RedisProcess.start('--replicaof', '127.0.0.1', `${master.port}`));
    await until(async () => (await replica.cli('info', 'replication')).includes('master_link_status:up'));
    const sentinel = kept(await RedisProcess.sentinel(master, 'limits'));
    await until(async () =>
      (await sentinel.cli('sentinel', 'replicas', 'limits')).includes(`${replica.port}`),
    );
    const store = storeAt(`redis-sentinel://127.0.0.1:${sentinel.port}/limits`);
    await untilGranted(store);
    await master.kill();
    await untilGivenUp(store);
    await untilGranted(store);
    expect(await replica.cli('role')).toContain('master');
  });

  it('is found when the first of the sentinels stands still', async () => {
    const master = kept(await RedisProcess.start());
    const silent = kept(await RedisProcess.sentinel(master, 'limits'));
    const other = kept(await RedisProcess.sentinel(master, 'limits'));
    silent.pause();
    await untilGranted(storeAt(`redis-sentinel://127.0.0.1:${silent.port},127.0.0.1:${other.port}/limits`));
    silent.resume();
  });

  it('is found again by a client that hears of another master while it connects', async () => {
    const master = kept(await RedisProcess.start());
    const sentinel = kept(await RedisProcess.sentinel(master, 'limits'));
    const parsed = storeAddress(`redis-sentinel://127.0.0.1:${sentinel.port}/limits`);
    if (!parsed.ok || parsed.value === null) throw new Error();
    const client = connectRedis({ address: parsed.value, secrets: NO_SECRETS, timeoutMs: 5_000 });
    const met = (event: string) => new Promise((resolve) => client.once(event, resolve));
    client.on('error', () => {});
    await met('ready');
    const [connecting, gaveUp] = [met('connecting'), met('end')];
    client.disconnect(true);
    await connecting;
    // What the detector of failovers does then. No real failover can be timed so exactly.
    (Reflect.get(client, 'connector') as { disconnect(): void }).disconnect();
    await gaveUp;
    await met('ready');
    client.disconnect();
    await met('end');
    expect(client.status).toBe('end');
  });

  it('leaves a master that stands still', async () => {
    const master = kept(await RedisProcess.start());
    const replica = kept(await RedisProcess.start('--replicaof', '127.0.0.1', `${master.port}`));
    await until(async () => (await replica.cli('info', 'replication')).includes('master_link_status:up'));
    const sentinel = kept(await RedisProcess.sentinel(master, 'limits'));
    await until(async () =>
      (await sentinel.cli('sentinel', 'replicas', 'limits')).includes(`${replica.port}`),
    );
    const store = storeAt(`redis-sentinel://127.0.0.1:${sentinel.port}/limits`, { timeoutMs: HASTY_MS });
    await untilGranted(store);
    master.pause();
    await untilGivenUp(store);
    await untilGranted(store);
    expect(await replica.cli('role')).toContain('master');
    master.resume();
  });
});

describe('a Redis cluster', () => {
  it('keeps each part on one node, and loses only the parts of a node that is gone', async () => {
    const nodes = (await RedisProcess.cluster()).map(kept);
    const store = storeAt(`redis-cluster://127.0.0.1:${nodes[0]?.port},127.0.0.1:${nodes[1]?.port}`, {
      timeoutMs: CLUSTER_MS,
    });
    const asks = Array.from({ length: 100 }, (_, bucket) => asking(bucket));
    await untilGranted(store, asks);
    const sizes = await Promise.all(nodes.map(async (node) => Number(await node.cli('dbsize'))));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100);
    expect(Math.min(...sizes)).toBeGreaterThan(0);

    await nodes[2]?.kill();
    await until(async () => (await ask(store, asks)).failed.length === sizes[2]);
    const { grants, failed } = await ask(store, asks);
    expect([grants.length, failed.length]).toEqual([(sizes[0] ?? 0) + (sizes[1] ?? 0), sizes[2]]);
    await untilGivenUp(store, asks);
    expect(store.status().problem).toContain('parts do not answer');

    await nodes[2]?.start();
    await untilGranted(store, asks);
  });
});
