import type { OperationUsage } from '../src/record/operation-usage.ts';

/** Use of one operation with sane defaults. */
export const aUsage = (changes: Partial<OperationUsage> = {}): OperationUsage => ({
  namespace: 'shop',
  service: 'orders',
  port: 80,
  kind: 'operation',
  method: 'GET',
  name: '',
  template: '/orders/{orderId}',
  protocol: 'http1',
  calls: 1,
  denied: 0,
  statuses: [0, 0, 1, 0, 0, 0],
  bytesSent: 100,
  bytesReceived: 200,
  firstSeen: Date.UTC(2026, 0, 2, 3, 4, 5),
  lastSeen: Date.UTC(2026, 0, 2, 3, 4, 35),
  callers: { 'shop/frontend': 1 },
  receivedBy: { 'shop/frontend': 200 },
  otherCalls: 0,
  ...changes,
});
