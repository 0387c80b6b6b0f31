import { readFileSync } from 'node:fs';
import type { Config } from '../config/load.ts';
import { formatStoreAddress } from '../config/store-address.ts';
import { systemClock } from '../kernel/clock.ts';
import { KeyNames } from './key-names.ts';
import type { LeaseStore } from './lease-store.ts';
import { NewsChannel, type NewsChannelOptions } from './news-channel.ts';
import { NodeStore } from './node-store.ts';
import { connectRedis, type RedisSecrets } from './redis-connect.ts';
import { RedisStore, type StoreLog } from './redis-store.ts';

/** Nobody waits for news, so that nothing is gained by giving up early. */
const NEWS_TIMEOUT_MS = 2_000;

/**
 * The store of limits that the settings name. Throws when a file of theirs can't be read; whether the store is there
 * does not matter.
 */
export function openStore(config: Config, maxBuckets: number, log: StoreLog): LeaseStore {
  const { store: address, storeTimeoutMs: timeoutMs } = config;
  if (address === null) return new NodeStore(maxBuckets, systemClock.monotonic);
  return new RedisStore({
    redis: connectRedis({
      address,
      secrets: redisSecrets(config),
      timeoutMs,
    }),
    address: formatStoreAddress(address),
    names: new KeyNames({ prefix: config.storePrefix, secret: storeSecret(config), maxKeys: maxBuckets }),
    timeoutMs,
    now: systemClock.monotonic,
    log,
  });
}

export type NewsHandlers = Pick<NewsChannelOptions, 'workloads' | 'heard' | 'count'>;

/** The channel to other nodes; null without a store, or without a secret that nobody but its agents knows. */
export function openNews(config: Config, key: Uint8Array | null, handlers: NewsHandlers): NewsChannel | null {
  const { store: address, storePrefix: prefix } = config;
  if (address === null || key === null) return null;
  const connect = () => connectRedis({ address, secrets: redisSecrets(config), timeoutMs: NEWS_TIMEOUT_MS });
  return new NewsChannel({
    speaker: connect(),
    listener: connect(),
    prefix,
    key,
    clock: systemClock,
    ...handlers,
  });
}

/** What all agents of the store share; empty where there is none. Throws when its file can't be read. */
export function storeSecret({ store, storeSecretFile, storePasswordFile }: Config): string {
  if (store === null) return '';
  return contentOf(storeSecretFile === '' ? storePasswordFile : storeSecretFile);
}

const redisSecrets = ({ storeUser, storePasswordFile, storeCaFile }: Config): RedisSecrets => ({
  user: storeUser,
  password: contentOf(storePasswordFile),
  ca: contentOf(storeCaFile),
});

/** Without the newline that editors put at the end. */
const contentOf = (path: string): string => (path === '' ? '' : readFileSync(path, 'utf8').trim());
