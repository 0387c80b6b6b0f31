/** Reads `/proc/<thread>/net/tcp` and `tcp6`, the kernel's list of a namespace's TCP sockets. */

export interface ListenerUse {
  /** Connections that nobody has accepted yet, those included that are still being opened. */
  readonly queued: number;
  /** Connections that still move bytes, wait for a FIN or are being opened; TIME_WAIT is over. */
  readonly open: number;
}

const LISTEN = '0A';
const TIME_WAIT = '06';
const SYN_RECV = '03';

/** How an address with this port ends there. */
export const portSuffix = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;

/** How much the listener at `port` is in use. Columns: slot, local, remote, state, `tx_queue:rx_queue`, … */
export function listenerUse(table: string, port: number): ListenerUse {
  const suffix = portSuffix(port);
  let queued = 0;
  let open = 0;
  for (const line of table.split('\n')) {
    const [, local, , state, queues] = line.trim().split(/\s+/);
    if (!local?.endsWith(suffix)) continue;
    // For a listener the receive queue counts connections, not bytes.
    if (state === LISTEN) queued += Number.parseInt(queues?.split(':')[1] ?? '0', 16);
    else if (state !== TIME_WAIT) open++;
    if (state === SYN_RECV) queued++;
  }
  return { queued, open };
}
