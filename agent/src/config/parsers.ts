import { isIP } from 'node:net';
import type { Issuer } from '../identity/issuer.ts';
import { type PortRanges, parsePortRanges } from '../kernel/port-ranges.ts';
import { err, ok, type Result } from '../kernel/result.ts';

/** Text from a flag or the environment to a value; the error says what would have been right. */
export interface Parser<T> {
  (text: string): Result<T, string>;
  /** What it takes, for those who check values before the agent sees them; nothing where only it can tell. */
  readonly takes?: Shape;
}

export type Shape =
  | { readonly kind: 'duration' | 'size' | 'listen-address' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'or-auto'; readonly or: Shape | undefined };

const taking = <T>(takes: Shape, parse: (text: string) => Result<T, string>): Parser<T> =>
  Object.assign(parse, { takes });

const DURATION_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const BYTE_UNITS = { '': 1, B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** `500ms`, `30s`, `10m`, `1h`; milliseconds. The unit is required: a bare `30` has meant both to too many people. */
export const duration = (bounds: Bounds): Parser<number> =>
  taking({ kind: 'duration' }, (text) => {
    const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
    if (match === null)
      return err('not a duration; write a number and a unit, e.g. `30s`, `500ms`, `10m`, `1h`');
    const value = Number(match[1]) * DURATION_UNITS[match[2] as keyof typeof DURATION_UNITS];
    return within(value, bounds, formatDuration);
  });

/** `65536`, `64KiB`, `1MiB`; bytes. */
export const bytes = (bounds: Bounds): Parser<number> =>
  taking({ kind: 'size' }, (text) => {
    const match = /^(\d{1,12})(B|KiB|MiB|GiB|)$/.exec(text);
    if (match === null) return err('not a size; write bytes or a number with KiB, MiB or GiB, e.g. `64KiB`');
    return within(Number(match[1]) * BYTE_UNITS[match[2] as keyof typeof BYTE_UNITS], bounds, formatBytes);
  });

export const integer = (bounds: Bounds): Parser<number> =>
  taking({ kind: 'integer', ...bounds }, (text) =>
    /^\d{1,12}$/.test(text) ? within(Number(text), bounds, String) : err('not a whole number'),
  );

/** One of the given words. */
export const oneOf = <T extends string>(...words: readonly T[]): Parser<T> =>
  taking({ kind: 'word', words }, (text) => {
    const found = words.find((word) => word === text);
    return found === undefined
      ? err(`not one of ${words.map((word) => `\`${word}\``).join(', ')}`)
      : ok(found);
  });

/** A parser's value, or the word `auto`, which becomes null: the agent chooses. */
export const orAuto = <T>(parse: Parser<T>): Parser<T | null> =>
  taking<T | null>({ kind: 'or-auto', or: parse.takes }, (text) =>
    text === 'auto' ? ok(null) : parse(text),
  );

export const absolutePath: Parser<string> = (text) => {
  if (!text.startsWith('/')) return err('not an absolute path');
  return text.includes('\0')
    ? err('holds a NUL byte')
    : ok(text.length > 1 ? text.replace(/\/+$/, '') : text);
};

/** `issuer=url` or `issuer=url;audience`, comma-separated; the issuer as in a token's `iss`, the URL of its keys. */
export const issuerList: Parser<readonly Issuer[]> = (text) => {
  const issuers: Issuer[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const [, issuer, jwksUrl, audience] = /^([^=;\s]+)=([^;\s]+)(?:;(\S+))?$/.exec(entry) ?? [];
    if (issuer === undefined || !/^https?:$/.test(URL.parse(jwksUrl ?? '')?.protocol ?? ''))
      return err(`\`${entry}\` is not \`issuer=url\`, with the URL of a JSON Web Key Set`);
    issuers.push({ issuer, jwksUrl: jwksUrl ?? '', audience: audience ?? null });
  }
  return ok(issuers);
};

/** Where something is posted to; nothing for nowhere. Secrets belong into files: settings are logged. */
export const httpUrl: Parser<string> = (text) => {
  if (text === '') return ok(text);
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return err('not a URL of http or https');
  return url.username === '' && url.password === ''
    ? ok(text)
    : err('holds a user or a password; give a token in a file instead');
};

/** An absolute path, or nothing at all. */
export const optionalPath: Parser<string> = (text) => (text === '' ? ok(text) : absolutePath(text));

/** A DNS-1123 subdomain: what the kube API accepts as the name of a node. */
export const nodeName: Parser<string> = (text) =>
  text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text)
    ? ok(text)
    : err('not the name of a node: lower-case letters, digits, `-` and `.`, at most 253');

/** `namespace/name` of a kube object; null for nothing at all. */
export const objectName: Parser<{ readonly namespace: string; readonly name: string } | null> = (text) => {
  if (text === '') return ok(null);
  const [namespace = '', name = '', ...more] = text.split('/');
  return more.length === 0 && isLabel(namespace) && nodeName(name).ok
    ? ok({ namespace, name })
    : err('not `namespace/name`');
};

/** A qualified name, as of labels; empty for none. */
export const taintKey: Parser<string> = (text) =>
  /^$|^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(text)
    ? ok(text)
    : err('not the key of a taint, such as `eastwall.dev/agent-not-ready`');

/** Comma-separated DNS-1123 labels; empty for none. */
export const namespaceList: Parser<readonly string[]> = (text) => {
  const names = text.split(',').filter((name) => name !== '');
  const bad = names.find((name) => !isLabel(name));
  return bad === undefined ? ok(names) : err(`\`${bad}\` is not the name of a namespace`);
};

const isLabel = (text: string): boolean => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);

/** `25,3306,8000-8010`; empty for none. */
export const portRanges: Parser<PortRanges> = parsePortRanges;
/** A user or a prefix in the store: nothing that its commands or hash tags give a meaning to. */
export const storeName: Parser<string> = (text) =>
  /^[A-Za-z0-9._-]{0,64}$/.test(text)
    ? ok(text)
    : err('not a name: at most 64 letters, digits, `.`, `_`, `-`');

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * `127.0.0.1:9464`, `[::1]:9464`; `*:9464` is every address of both families, so its host is empty; port 0 takes any free
 * port; `off` listens nowhere (null).
 */
export const listenAddress: Parser<Address | null> = taking({ kind: 'listen-address' }, (text) => {
  if (text === 'off') return ok(null);
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (match === null || (host !== '*' && isIP(host) === 0))
    return err('not an address; write `127.0.0.1:9464`, `[::1]:9464`, `*:9464` or `off`');
  if (port > 65_535) return err('the port is above 65535');
  return ok({ host: host === '*' ? '' : host, port });
});

export const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1';

/** The largest unit that keeps the number whole: 90000 is `90s`, 3600000 is `1h`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['h', 'm', 's'] as const) {
    if (ms % DURATION_UNITS[unit] === 0) return `${ms / DURATION_UNITS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

/** The largest binary unit that keeps the number whole. */
export function formatBytes(size: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    if (size > 0 && size % BYTE_UNITS[unit] === 0) return `${size / BYTE_UNITS[unit]}${unit}`;
  }
  return `${size}`;
}

function within(
  value: number,
  { min, max }: Bounds,
  format: (value: number) => string,
): Result<number, string> {
  return value < min || value > max ? err(`not between ${format(min)} and ${format(max)}`) : ok(value);
}
