import type { FlowRecord } from '../src/record/record.ts';

/** A plainly allowed call of `shop/frontend` to `shop/orders:80`, with whatever a test needs to differ. */
export function flowRecord(differs: Partial<FlowRecord> = {}): FlowRecord {
  return {
    id: 'ew-1',
    time: 1_000,
    node: 'node-1',
    caller: {
      uid: 'uid-1',
      namespace: 'shop',
      pod: 'frontend-5d9c7-x2x4z',
      node: 'node-1',
      serviceAccount: 'frontend',
      kind: 'Deployment',
      name: 'frontend',
      labels: { app: 'frontend' },
    },
    destination: {
      key: '10.96.0.10:80',
      ip: '10.96.0.10',
      port: 80,
      services: [{ namespace: 'shop', service: 'orders', port: 80 }],
    },
    protocol: 'http1',
    method: 'GET',
    host: 'orders.shop',
    path: '/orders/7',
    status: 200,
    verdict: 'allow',
    reason: 'ungoverned',
    policy: null,
    rule: null,
    outcome: 'ok',
    durationMs: 3,
    bytesSent: 120,
    bytesReceived: 4_096,
    ...differs,
  };
}

/** The same call, refused. */
export const deniedRecord = (differs: Partial<FlowRecord> = {}): FlowRecord =>
  flowRecord({
    verdict: 'deny',
    outcome: 'denied',
    status: 403,
    reason: 'no_rule_allows',
    policy: 'shop/orders',
    ...differs,
  });
