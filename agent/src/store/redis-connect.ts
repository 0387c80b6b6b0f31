import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { StoreAddress } from '../config/store-address.ts';

export interface RedisSecrets {
  readonly user: string;
  readonly password: string;
  /** Certificates of authorities, in PEM; empty for the system's. */
  readonly ca: string;
}

export interface RedisConnectOptions {
  readonly address: StoreAddress;
  readonly secrets: RedisSecrets;
  readonly timeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 2_000;
const MAX_RECONNECT_MS = 1_000;
/** How often a cluster is asked who has what: how long a failover stays unnoticed. */
const SLOTS_REFRESH_MS = 1_000;

/** How long a client that has given up stays so. */
const REVIVAL_MS = 500;

/**
 * A client that never gives up before it is told to. ioredis does (6.0.0) when its failover detector hears of a new master
 * while it is connecting to the old one: about every second failover ended with a client that was of no use any more.
 */
class LastingRedis extends Redis {
  #wanted = true;

  constructor(options: RedisOptions & { replyMapping?: 'legacy' }) {
    super(options);
    this.on('end', () => setTimeout(() => this.#revive(), REVIVAL_MS));
  }

  override disconnect(reconnect = false): void {
    if (!reconnect) this.#wanted = false;
    super.disconnect(reconnect);
  }

  #revive(): void {
    // What goes wrong is told by `error`.
    if (this.#wanted && this.status === 'end') this.connect().catch(() => {});
  }
}

/**
 * Nothing waits for Redis: what can't be sent at once or is not answered in time fails, and nothing is sent again.
 */
export function connectRedis({ address, secrets, timeoutMs }: RedisConnectOptions): Redis | Cluster {
  const common = commonOptions(address.tls, secrets, timeoutMs);
  switch (address.kind) {
    case 'single': {
      const [{ host, port } = { host: '', port: 0 }] = address.hosts;
      return new LastingRedis({ ...common, ...atOnce, host, port, db: address.db });
    }
    case 'sentinel':
      return new LastingRedis({
        ...common,
        ...atOnce,
        sentinels: [...address.hosts],
        name: address.master,
        enableTLSForSentinelMode: address.tls,
        ...(common.tls !== undefined && { sentinelTLS: common.tls }),
        ...(secrets.password !== '' && { sentinelPassword: secrets.password }),
        ...(secrets.user !== '' && { sentinelUsername: secrets.user }),
        sentinelRetryStrategy: backoff,
        // Without it a sentinel that stands still would be waited for, with others there.
        sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
        failoverDetector: true,
      });
    case 'cluster':
      return new Cluster([...address.hosts], {
        redisOptions: common,
        enableOfflineQueue: false,
        clusterRetryStrategy: backoff,
        slotsRefreshInterval: SLOTS_REFRESH_MS,
        slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
        maxRedirections: 2,
        retryDelayOnFailover: 0,
        retryDelayOnClusterDown: 0,
        retryDelayOnTryAgain: 0,
      });
  }
}

const backoff = (times: number): number => Math.min(MAX_RECONNECT_MS, 50 * times);

const atOnce = { enableOfflineQueue: false, retryStrategy: backoff } as const;

function commonOptions(tls: boolean, { user, password, ca }: RedisSecrets, timeoutMs: number) {
  return {
    commandTimeout: timeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Nobody would catch it when it fails; whoever subscribes does so at each connection.
    autoResubscribe: false,
    connectionName: 'eastwall',
    protocol: 2,
    // A master that has become a replica.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    ...(user !== '' && { username: user }),
    ...(password !== '' && { password }),
    ...(tls && { tls: ca === '' ? {} : { ca } }),
  } satisfies RedisOptions;
}
