import { err, ok, type Result } from '../kernel/result.ts';
import type { Parser } from './parsers.ts';

export interface StoreHost {
  readonly host: string;
  readonly port: number;
}

/** Where the store of limits is. Secrets are not part of it. */
export type StoreAddress = { readonly tls: boolean; readonly hosts: readonly StoreHost[] } & (
  | { readonly kind: 'single'; readonly db: number }
  | { readonly kind: 'sentinel'; readonly master: string }
  | { readonly kind: 'cluster' }
);

const SCHEME = /^(redis|rediss)(-sentinel|-cluster)?:\/\/([^/]*)(?:\/(.*))?$/;
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/;
const MASTER = /^[A-Za-z0-9._-]{1,128}$/;
const MAX_HOSTS = 32;
const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;

/**
 * `redis://host:6379/0`, `redis-sentinel://a:26379,b:26379/mymaster`, `redis-cluster://a:6379,b:6379`; `rediss` is with
 * TLS; empty for no store.
 */
export const storeAddress: Parser<StoreAddress | null> = (text) => {
  if (text === '') return ok(null);
  if (text.includes('@'))
    return err('holds credentials, which others could read; use `--store-password-file`');
  const match = SCHEME.exec(text);
  if (match === null)
    return err(
      'not an address; write `redis://host:6379`, `redis-sentinel://…/master` or `redis-cluster://…`',
    );
  const [, scheme, form, list = '', rest = ''] = match;
  const hosts = hostsOf(list, form === '-sentinel' ? SENTINEL_PORT : REDIS_PORT);
  if (!hosts.ok) return hosts;
  const common = { tls: scheme === 'rediss', hosts: hosts.value };
  if (form === '-sentinel') {
    if (!MASTER.test(rest)) return err('names no master after the hosts, like `/mymaster`');
    return ok({ ...common, kind: 'sentinel', master: rest });
  }
  if (form === '-cluster')
    return rest === '' ? ok({ ...common, kind: 'cluster' }) : err('a cluster has no databases');
  if (hosts.value.length > 1) return err('several hosts need `redis-sentinel://` or `redis-cluster://`');
  if (!/^\d{0,3}$/.test(rest)) return err('what follows the host is no number of a database');
  return ok({ ...common, kind: 'single', db: Number(rest) });
};

function hostsOf(list: string, defaultPort: number): Result<StoreHost[], string> {
  const hosts: StoreHost[] = [];
  const texts = list.split(',');
  if (texts.length > MAX_HOSTS) return err(`more than ${MAX_HOSTS} hosts`);
  for (const text of texts) {
    const match = HOST.exec(text);
    const port = Number(match?.[3] ?? defaultPort);
    if (match === null || port === 0 || port > 65_535)
      return err(`\`${text.slice(0, 80)}\` is not a host and port`);
    hosts.push({ host: match[1] ?? match[2] ?? '', port });
  }
  return ok(hosts);
}

/** For people: never with secrets, since there are none in it. */
export function formatStoreAddress({ tls, hosts, ...form }: StoreAddress): string {
  const list = hosts
    .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
    .join();
  const scheme = tls ? 'rediss' : 'redis';
  if (form.kind === 'sentinel') return `${scheme}-sentinel://${list}/${form.master}`;
  return form.kind === 'cluster' ? `${scheme}-cluster://${list}` : `${scheme}://${list}/${form.db}`;
}
