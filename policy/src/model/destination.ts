/** One Service port that a connection reaches. `port` is 0 when a pod IP was dialled on a port that no Service names. */
export interface ServiceRef {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
}

/**
 * Where a connection goes. A pod IP may stand behind several Services, and then every policy
 * of every one of them applies; no Service at all means an external or unknown address.
 *
 * INVARIANT: equal `key` means equal destination, so caches may use it.
 */
export interface Destination {
  readonly key: string;
  /** Dialled address, as text, and port: what the caller asked the kernel for. */
  readonly ip: string;
  readonly port: number;
  readonly services: readonly ServiceRef[];
}
