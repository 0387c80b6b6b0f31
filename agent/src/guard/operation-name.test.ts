import type { Operation } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { operationName } from './operation-name.ts';

const operation = { method: 'GET', template: '/orders/{orderId}' } as Operation;
const orders = { namespace: 'shop', service: 'orders', port: 80 };
const destination = { key: 'k', ip: '10.0.0.1', port: 80, services: [orders] };

test('is the learnt operation, at its Service', () => {
  expect(operationName(operation, destination)).toBe('GET shop/orders:80 /orders/{orderId}');
});

test('what is not learnt is one operation, whatever it is', () => {
  expect(operationName(null, destination)).toBe('unlearnt');
});

test('hosts outside are no part of it', () => {
  expect(operationName(operation, { ...destination, services: [] })).toBe('GET outside /orders/{orderId}');
});
