import type { Finding } from '../src/record/finding.ts';

/** A finding with sane defaults. */
export const aFinding = (changes: Partial<Finding> = {}): Finding => ({
  id: 'ef-1',
  detection: 'object-enumeration',
  severity: 'high',
  state: 'open',
  node: 'node-1',
  caller: {
    namespace: 'shop',
    kind: 'Deployment',
    name: 'frontend',
    serviceAccount: 'frontend',
    pod: 'frontend-1',
  },
  destination: 'shop/orders:80',
  operation: 'GET /orders/{orderId}',
  firstSeen: Date.UTC(2026, 0, 2, 3, 4, 5),
  lastSeen: Date.UTC(2026, 0, 2, 3, 4, 35),
  count: 1,
  explanation: 'asked for 25 orders that it was never shown',
  evidence: { unexplained: 25, requests: 31 },
  action: 'log',
  decisionId: 'ew-1',
  ...changes,
});
