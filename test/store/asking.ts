import type { LeaseAsk } from '@eastwall/policy';
import { afterEach, expect } from 'vitest';
import { storeAddress } from '../../agent/src/config/store-address.ts';
import { systemClock } from '../../agent/src/kernel/clock.ts';
import { KeyNames } from '../../agent/src/store/key-names.ts';
import type { LeaseReply } from '../../agent/src/store/lease-store.ts';
import { connectRedis, type RedisSecrets } from '../../agent/src/store/redis-connect.ts';
import { RedisStore } from '../../agent/src/store/redis-store.ts';
import { leaseAsk } from '../../policy/testing/lease-ask.ts';
import { eventually } from '../support/eventually.ts';

const SILENT = { warn: () => {}, info: () => {} };
export const NO_SECRETS: RedisSecrets = { user: '', password: '', ca: '' };
export const RATE = { tokens: 100, windowUs: 1_000_000, burst: 100 };
/** Of a bucket that does not fill up again while a test runs. */
export const SLOW = { ...RATE, windowUs: 3_600_000_000 };
/** For a Redis that is to answer, also on a machine that is busy with something else. */
const PATIENT_MS = 10_000;
/** For nodes of a cluster, of which one is gone: the client waits for that as long as it may, several times over. */
export const CLUSTER_MS = 1_000;
/** For a Redis that is not to be waited for. */
export const HASTY_MS = 50;
/** Far more than the hasty timeout and far less than the patient one: only a machine that stands still is slower. */
export const SOON_MS = 2_000;

const disposables: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of disposables.splice(0).reverse()) await one[Symbol.asyncDispose]();
});
export const kept = <T extends AsyncDisposable>(one: T): T => {
  disposables.push(one);
  return one;
};

export function storeAt(
  address: string,
  { secrets = NO_SECRETS, timeoutMs = PATIENT_MS }: { secrets?: RedisSecrets; timeoutMs?: number } = {},
): RedisStore {
  const parsed = storeAddress(address);
  if (!parsed.ok || parsed.value === null) throw new Error(address);
  const store = new RedisStore({
    redis: connectRedis({ address: parsed.value, secrets, timeoutMs }),
    address,
    names: new KeyNames({ prefix: 'eastwall', secret: 'x', maxKeys: 1_000 }),
    timeoutMs,
    now: systemClock.monotonic,
    log: SILENT,
  });
  disposables.push({ [Symbol.asyncDispose]: async () => store.close() });
  return store;
}

export const asking = (bucket: number, about: Partial<LeaseAsk> = {}): LeaseAsk =>
  leaseAsk({
    bucket,
    key: `api:shop/orders:reads/0|Principal|alice-${bucket}|GET /orders/{id}`,
    rate: RATE,
    want: 10,
    arrived: 1,
    ...about,
  });

/** All replies to these asks put together, and how long the last took. */
export async function ask(
  store: RedisStore,
  asks: readonly LeaseAsk[],
): Promise<LeaseReply & { tookMs: number }> {
  const startedAt = performance.now();
  return await new Promise((resolve) => {
    const grants: LeaseReply['grants'][number][] = [];
    const failed: number[] = [];
    store.ask(asks, (reply) => {
      grants.push(...reply.grants);
      failed.push(...reply.failed);
      if (grants.length + failed.length === asks.length)
        resolve({ grants, failed, tookMs: performance.now() - startedAt });
    });
  });
}

export const untilGranted = (store: RedisStore, asks = [asking(1)]): Promise<void> =>
  until(async () => (await ask(store, asks)).failed.length === 0);

/** As often as it takes for a breaker to open. */
export const untilGivenUp = (store: RedisStore, asks = [asking(1)]): Promise<void> =>
  until(async () => {
    await ask(store, asks);
    return store.status().problem !== null;
  });

/** Asks until the answer is yes. */
export async function until(question: () => Promise<boolean>): Promise<void> {
  const state = { yes: false, asking: false };
  await eventually(() => {
    if (!state.asking && !state.yes) {
      state.asking = true;
      question().then(
        (yes) => Object.assign(state, { yes, asking: false }),
        () => Object.assign(state, { asking: false }),
      );
    }
    expect(state.yes).toBe(true);
  });
}
