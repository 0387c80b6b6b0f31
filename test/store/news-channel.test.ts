import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeAddress } from '../../agent/src/config/store-address.ts';
import { systemClock } from '../../agent/src/kernel/clock.ts';
import type { News } from '../../agent/src/record/news.ts';
import { guardSecrets } from '../../agent/src/store/guard-secrets.ts';
import {
  MAX_HEARD_PER_MINUTE,
  MAX_SENT_PER_MINUTE,
  NewsChannel,
  type NewsFate,
} from '../../agent/src/store/news-channel.ts';
import { connectRedis, type RedisSecrets } from '../../agent/src/store/redis-connect.ts';
import { RedisProcess } from '../../agent/testing/redis.ts';
import { eventually } from '../support/eventually.ts';

const NO_SECRETS: RedisSecrets = { user: '', password: '', ca: '' };
const TIMEOUT_MS = 2_000;
const FATES: readonly NewsFate[] = ['sent', 'unsent', 'heard', 'stale', 'unreadable', 'excess'];

const WORKLOADS = ['shop/Deployment/orders'];
const shownTo = (workload: string): News => ({ shown: [{ workload, ids: 'RUlEMQ==' }], uses: [] });
const news = (workload: string): News => ({
  shown: [],
  uses: [{ fingerprint: 'abc', workload: `shop/${workload}` }],
});

interface Agent {
  readonly channel: NewsChannel;
  readonly heard: News[];
  readonly counts: Record<NewsFate, number>;
}

const opened: Agent[] = [];
const started: RedisProcess[] = [];
afterEach(async () => {
  for (const { channel } of opened.splice(0)) channel.close();
  for (const redis of started.splice(0)) await redis[Symbol.asyncDispose]();
});

function agentAt(
  address: string,
  { secret = 's3cret', clock = systemClock, workloads = WORKLOADS } = {},
): Agent {
  const parsed = storeAddress(address);
  const key = guardSecrets(secret).sealKey;
  if (!parsed.ok || parsed.value === null || key === null) throw new Error(address);
  const place = parsed.value;
  const connect = () => connectRedis({ address: place, secrets: NO_SECRETS, timeoutMs: TIMEOUT_MS });
  const heard: News[] = [];
  const counts = Object.fromEntries(FATES.map((fate) => [fate, 0])) as Record<NewsFate, number>;
  const channel = new NewsChannel({
    speaker: connect(),
    listener: connect(),
    prefix: 'eastwall',
    key,
    clock,
    workloads: () => workloads,
    heard: (one) => heard.push(one),
    count: (fate) => counts[fate]++,
  });
  const agent = { channel, heard, counts };
  opened.push(agent);
  return agent;
}

/** What one says is said until the other hears it: who listens later has missed what was said before. */
const untilHeard = (from: Agent, to: Agent, one: News): Promise<void> =>
  eventually(() => {
    from.channel.publish(one);
    expect(to.heard).toContainEqual(one);
  });

describe('news by way of one Redis', () => {
  let redis: RedisProcess;
  let [here, there]: [Agent, Agent] = [] as never;
  beforeEach(async () => {
    redis = await RedisProcess.start();
    started.push(redis);
    here = agentAt(redis.address);
    there = agentAt(redis.address);
    await untilHeard(here, there, news('first'));
    await untilHeard(there, here, news('second'));
  });

  it('come to others, not back to who said them, and leave nothing behind', async () => {
    expect(here.heard).not.toContainEqual(news('first'));
    expect(there.heard).not.toContainEqual(news('second'));
    expect(await redis.cli('dbsize')).toBe('0');
  });

  it('say why they do not come: no right to, no connection', async () => {
    expect([here.channel.problem, there.channel.problem]).toEqual([null, null]);
    // What users of Redis 7 may do unless they are given more.
    await redis.cli('acl', 'setuser', 'default', 'resetchannels');
    await eventually(() => {
      here.channel.publish(news('third'));
      expect(here.channel.problem).toMatch(/NOPERM|no permissions/i);
    });
    await redis.cli('acl', 'setuser', 'default', 'allchannels');
    await eventually(() => {
      here.channel.publish(news('fourth'));
      expect(here.channel.problem).toBeNull();
    });
    await redis.kill();
    await eventually(() => expect(here.channel.problem).toMatch(/^no connection: /));
    await redis.start();
    await untilHeard(here, there, news('fifth'));
    await eventually(() => expect([here.channel.problem, there.channel.problem]).toEqual([null, null]));
  });

  it('of what a workload was shown come to those who have a pod of it', async () => {
    const [orders, cart] = ['shop/Deployment/orders', 'shop/Deployment/cart'] as const;
    const other = agentAt(redis.address, { workloads: [cart] });
    await untilHeard(here, other, shownTo(cart));
    await untilHeard(here, there, shownTo(orders));
    expect(other.heard).not.toContainEqual(shownTo(orders));
    expect(there.heard).not.toContainEqual(shownTo(cart));
    const channels = await redis.cli('pubsub', 'channels');
    expect(channels).toMatch(/^eastwall:news:[A-Za-z0-9_-]{22}$/m);
    expect(channels).not.toMatch(/orders|cart/);
  });

  it('are listened to as workloads come and go', async () => {
    const workloads: string[] = ['shop/Deployment/cart'];
    const other = agentAt(redis.address, { workloads });
    await untilHeard(here, other, shownTo('shop/Deployment/cart'));
    workloads.splice(0, 1, 'shop/Deployment/late');
    await untilHeard(here, other, shownTo('shop/Deployment/late'));
    const heard = other.heard.length;
    here.channel.publish(shownTo('shop/Deployment/cart'));
    here.channel.publish(news('last'));
    await eventually(() => expect(other.heard).toContainEqual(news('last')));
    expect(other.heard.slice(heard)).not.toContainEqual(shownTo('shop/Deployment/cart'));
  });

  it('are lost and counted while it is away, and come again when it is back', async () => {
    await redis.kill();
    await eventually(() => {
      const before = here.counts.unsent;
      here.channel.publish(news('lost'));
      expect(here.counts.unsent).toBe(before + 1);
    });
    await redis.start();
    await untilHeard(here, there, news('third'));
    await untilHeard(there, here, news('fourth'));
    expect(there.heard).not.toContainEqual(news('lost'));
  });

  it('that are none, or too long, are counted and not heard', async () => {
    const heard = there.heard.length;
    for (const text of ['', 'x', '{"shown":[],"uses":[]}', 'z'.repeat(100_000)])
      await redis.cli('publish', 'eastwall:news', text);
    await eventually(() => expect(there.counts.unreadable).toBe(4));
    await redis.cli('eval', "return redis.call('publish', 'eastwall:news', string.rep('z', 5000000))", '0');
    await eventually(() => expect(there.counts.unreadable).toBe(5));
    expect(there.heard).toHaveLength(heard);
    await untilHeard(here, there, news('third'));
  });

  it('of somebody who does not know the secret are not heard', async () => {
    const stranger = agentAt(redis.address, { secret: 'another' });
    await eventually(() => {
      stranger.channel.publish(news('stranger'));
      expect(there.counts.unreadable).toBeGreaterThan(0);
    });
    expect(there.heard).not.toContainEqual(news('stranger'));
  });

  it('of somebody whose clock is far off are stale', async () => {
    const slow = agentAt(redis.address, {
      clock: { ...systemClock, now: () => systemClock.now() - 3_600_000 },
    });
    await eventually(() => {
      slow.channel.publish(news('old'));
      expect(there.counts.stale).toBeGreaterThan(0);
    });
    expect(there.heard).not.toContainEqual(news('old'));
  });

  it('in a flood are not even looked at, and counted', async () => {
    const flood = `for i = 1, ${MAX_HEARD_PER_MINUTE + 100} do redis.call('publish', 'eastwall:news', 'z') end`;
    await redis.cli('eval', flood, '0');
    await eventually(() => expect(there.counts.excess).toBeGreaterThanOrEqual(100));
    expect(there.counts.unreadable).toBeLessThanOrEqual(MAX_HEARD_PER_MINUTE);
  });

  it('are sent so often in a minute, and not more often', async () => {
    for (let i = 0; i < MAX_SENT_PER_MINUTE + 50; i++) here.channel.publish(news('many'));
    await eventually(() => expect(here.counts.sent).toBe(MAX_SENT_PER_MINUTE));
    expect(here.counts.unsent).toBeGreaterThanOrEqual(50);
  });
});

it('news come through a Redis cluster', async () => {
  const nodes = await RedisProcess.cluster();
  started.push(...nodes);
  const agents = nodes.map(({ port }) => agentAt(`redis-cluster://127.0.0.1:${port}`));
  const [here, there] = agents as [Agent, Agent];
  await untilHeard(here, there, news('first'));
  await untilHeard(there, here, news('second'));
});
