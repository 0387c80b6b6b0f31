import { netfilterSocket } from '../../kernel/libc-netlink.ts';
import { readNetTable } from '../interfaces-here.ts';
import { NftSocket } from '../nft/nft-socket.ts';
import type { Variant } from './iptables.ts';
import { CHAIN, TABLES } from './rules.ts';

/**
 * False when surely no chain of ours is in the calling thread's network namespace. Asks the kernel, since to run the tools
 * for it would take longer than enrolling a pod does.
 */
export function mayHaveChain(variant: Variant): boolean {
  if (variant === 'nft') return hasNftChain();
  // A table of old is there from when somebody first looked at it in this namespace.
  return readNetTable('ip_tables_names') !== '' || readNetTable('ip6_tables_names') !== '';
}

function hasNftChain(): boolean {
  const fd = netfilterSocket();
  // No nf_tables, no rules.
  if (fd < 0) return false;
  const socket = new NftSocket(fd);
  const tables = (['ip', 'ip6'] as const).flatMap((family) => TABLES.map((table) => ({ family, table })));
  const found = socket.fingerprint(tables).includes(CHAIN);
  socket.close();
  return found;
}
