import { type Destination, type GuardSettings, PathSet, type Workload } from '@eastwall/policy';
import type { Sight } from './sight.ts';

/**
 * Where nodes get their cloud credentials: AWS, GCP, Azure and OpenStack share one address; AWS over IPv6, AWS ECS,
 * Alibaba Cloud and Oracle have others. From the vendors' documentation.
 */
const METADATA_ADDRESSES: ReadonlySet<string> = new Set([
  '169.254.169.254',
  'fd00:ec2::254',
  '169.254.170.2',
  '169.254.170.23',
  'fd00:ec2::23',
  '100.100.100.200',
  '192.0.0.192',
]);

/** `app.kubernetes.io/name` or `app` of systems that read metrics; who deploys a pod says so, and not the pod. */
const COLLECTORS: ReadonlySet<string> = new Set([
  'prometheus',
  'prometheus-agent',
  'grafana-agent',
  'alloy',
  'vmagent',
  'victoria-metrics-agent',
  'opentelemetry-collector',
  'otel-collector',
  'datadog-agent',
  'fluent-bit',
  'telegraf',
]);

/** A destination that hands out credentials of the node; asked once per connection, whatever is spoken. */
export function metadataAccess({ ip, port }: Destination): Sight | null {
  if (!METADATA_ADDRESSES.has(ip)) return null;
  return {
    detection: 'metadata-access',
    explanation: `calls the cloud’s metadata service at ${ip}`,
    evidence: { address: ip, port },
  };
}

/** Notices strangers at endpoints that are there for operators. */
export class AdminEndpoints {
  readonly #paths = new WeakMap<GuardSettings, PathSet>();
  // Most namespaces have the same settings.
  #last: GuardSettings | null = null;
  #lastPaths = new PathSet([]);

  /** `path` is raw; also one that was escaped to look otherwise is found. */
  check(caller: Workload, path: string, settings: GuardSettings): Sight | null {
    const template = this.#pathsOf(settings).find(path);
    if (template === null || settings.isOperator(caller)) return null;
    const scrape = template === '/metrics';
    if (scrape && isCollector(caller)) return null;
    return {
      detection: 'admin-endpoint',
      explanation: 'asks for an administrative endpoint, and is no operator',
      evidence: { endpoint: template },
      ...(scrape && { severity: 'low' as const }),
    };
  }

  #pathsOf(settings: GuardSettings): PathSet {
    if (settings === this.#last) return this.#lastPaths;
    let paths = this.#paths.get(settings);
    if (paths === undefined) {
      paths = new PathSet(settings.adminPaths);
      this.#paths.set(settings, paths);
    }
    this.#last = settings;
    this.#lastPaths = paths;
    return paths;
  }
}

const isCollector = ({ labels }: Workload): boolean =>
  COLLECTORS.has(labels['app.kubernetes.io/name'] ?? '') || COLLECTORS.has(labels['app'] ?? '');
