import type { ApiPolicy, Destination, EgressPolicy, Workload } from '../src/index.ts';

/** Valid objects of which a test states only what it is about. */

export function workload(about: Partial<Workload> = {}): Workload {
  return {
    uid: 'pod-1',
    namespace: 'shop',
    pod: 'checkout-1',
    node: 'node-a',
    serviceAccount: 'default',
    kind: 'Deployment',
    name: 'checkout',
    labels: {},
    ...about,
  };
}

export function destination(about: Partial<Destination> = {}): Destination {
  const services = about.services ?? [{ namespace: 'shop', service: 'orders', port: 80 }];
  return {
    key: JSON.stringify([about.ip, about.port, services]),
    ip: '10.96.0.10',
    port: 80,
    services,
    ...about,
  };
}

export function policy(about: Partial<ApiPolicy> & Pick<ApiPolicy, 'name'>): ApiPolicy {
  return { namespace: 'shop', generation: 1, mode: 'Enforce', target: {}, rules: [], ...about };
}

/** An address behind which there is no Service. */
export function outside(ip = '203.0.113.7', port = 443): Destination {
  return destination({ key: `${ip}|${port}|`, ip, port, services: [] });
}

export function egressPolicy(about: Partial<EgressPolicy> & Pick<EgressPolicy, 'name'>): EgressPolicy {
  return { namespace: 'shop', generation: 1, mode: 'Enforce', rules: [], ...about };
}
