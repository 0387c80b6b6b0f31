import { stringify } from 'yaml';
import type { User } from './http/exchange.ts';
import type { DialPod } from './http/port-forward.ts';
import { ApiServer, type ServerSettings } from './http/server.ts';
import type { ObjectStore } from './store.ts';
import { issueServerCertificate, type ServerCertificate } from './tls/certificates.ts';

export interface TokenUser extends User {
  readonly token: string;
}

export interface KubeApiOptions {
  readonly store: ObjectStore;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** The bearer tokens that get in; the first one is the kubeconfig's. */
  readonly tokens: readonly [TokenUser, ...TokenUser[]];
  /** More names and addresses that the certificate is for, beside `host` and the in-cluster names. */
  readonly hosts?: readonly string[];
  /** The one of an earlier server, so that its clients trust this one too; a fresh one otherwise. */
  readonly certificate?: ServerCertificate;
  /** For `pods/portforward`, which is refused without. */
  readonly dial?: DialPod;
  readonly settings?: Partial<ServerSettings>;
}

export interface KubeApi extends AsyncDisposable {
  readonly url: string;
  readonly caPem: string;
  readonly certificate: ServerCertificate;
  /** A kubeconfig file's text for the named user, or for the first token's. */
  kubeconfig(user?: string): string;
  /** Breaks the connections of all watches; returns how many there were. */
  dropWatches(): number;
  /** Takes requests, and keeps watches open, but answers nothing until `resume()`. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

const DEFAULT_SETTINGS: ServerSettings = {
  bookmarkIntervalMs: 10_000,
  maxWatchSeconds: 1800,
  expiredWatch: 'event',
  maxBodyBytes: 3 * 1024 * 1024,
  maxWatchBufferBytes: 16 * 1024 * 1024,
  now: Date.now,
};

const CLUSTER_NAMES = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

/** Serves the store over TLS as a Kubernetes API; rejects when the address can't be had. */
export async function startKubeApi(options: KubeApiOptions): Promise<KubeApi> {
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const certificate = options.certificate ?? freshCertificate(options, settings.now());
  const users = new Map(options.tokens.map(({ token, name, groups }) => [token, { name, groups }]));
  const server = new ApiServer({ ...options, certificate, users, settings });
  const port = await server.listen();
  const url = `https://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  return {
    url,
    caPem: certificate.caPem,
    certificate,
    kubeconfig: (name) => kubeconfig({ url, caPem: certificate.caPem, ...tokenUser(options.tokens, name) }),
    dropWatches: () => server.dropWatches(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function freshCertificate({ host, hosts = [] }: KubeApiOptions, now: number): ServerCertificate {
  const names = [host, 'localhost', '127.0.0.1', '::1', ...CLUSTER_NAMES, ...hosts];
  return issueServerCertificate([...new Set(names)], new Date(now));
}

function tokenUser(tokens: KubeApiOptions['tokens'], name: string | undefined): TokenUser {
  const user = name === undefined ? tokens[0] : tokens.find((candidate) => candidate.name === name);
  if (user === undefined) throw new Error(`no token for user \`${name}\``);
  return user;
}

interface Access {
  readonly url: string;
  readonly caPem: string;
  readonly name: string;
  readonly token: string;
}

function kubeconfig({ url, caPem, name, token }: Access): string {
  const cluster = 'eastwall-sandbox';
  const ca = Buffer.from(caPem).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server: url, 'certificate-authority-data': ca } }],
    users: [{ name, user: { token } }],
    contexts: [{ name: cluster, context: { cluster, user: name } }],
    'current-context': cluster,
  });
}
