import { closeFd, type Fd } from '../kernel/libc.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { NetnsDoor } from './inside.ts';
import { type Listener, openListener } from './listener.ts';
import type { ListenerInfo } from './protocol.ts';

/** Where a pod's own connections are redirected to. */
export interface OutboundSockets {
  readonly listener4: Listener;
  readonly listener6: Listener | null;
  /** Why there is no listener on `::1`, unless the machine has no IPv6 at all. */
  readonly no6: string | null;
  /** Not all are inherited. */
  readonly made: boolean;
}

/** Those that were inherited, and new ones for families that have none. */
export function openSockets(
  door: NetnsDoor,
  netns: Fd,
  { mark, inherited }: { readonly mark: number; readonly inherited: readonly ListenerInfo[] },
): Result<OutboundSockets, string> {
  const listener = (family: 4 | 6) => {
    const found = inherited.find((one) => one.family === family);
    return found === undefined ? openListener(family, mark) : ok({ fd: found.fd, port: found.port });
  };
  const opened = door.inside(netns, () => ({ v4: listener(4), v6: listener(6) }));
  if (!opened.ok) return opened;
  const { v4, v6 } = opened.value;
  if (!v4.ok) {
    if (v6.ok) closeFd(v6.value.fd);
    return err(v4.error.kind === 'failed' ? v4.error.why : 'the machine has no IPv4');
  }
  return ok({
    listener4: v4.value,
    listener6: v6.ok ? v6.value : null,
    no6: v6.ok || v6.error.kind === 'no-such-family' ? null : v6.error.why,
    made: [v4, v6].some((one) => one.ok && !inherited.some(({ fd }) => fd === one.value.fd)),
  });
}

export function closeSockets({ listener4, listener6 }: OutboundSockets): void {
  closeFd(listener4.fd);
  if (listener6 !== null) closeFd(listener6.fd);
}
