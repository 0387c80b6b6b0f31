import { expect, test } from 'vitest';
import { OperationBook } from './operation-book.ts';
import { operationName } from './operation-name.ts';

const destination = (services: readonly string[]) => ({
  key: services.join(),
  ip: '10.0.0.1',
  port: 80,
  services: services.map((service) => ({ namespace: 'shop', service, port: 80 })),
});

test('an operation is named by its template, and all that is not learnt is one', () => {
  const book = new OperationBook({ now: () => 0, maxOperations: 100 });
  const rule = { name: 'r', action: 'Allow' as const, to: [{ methods: ['GET'], path: '/orders/{id:int}' }] };
  const policy = {
    namespace: 'shop',
    name: 'p',
    generation: 1,
    mode: 'Enforce' as const,
    target: {},
    rules: [rule],
  };
  book.changePolicies([policy], []);
  const name = (path: string, method = 'GET') =>
    operationName(book, destination(['orders']), { method, path, host: 'made.up' });
  expect(name('/orders/1')).toBe('GET shop/orders:80 /orders/{id}');
  expect(name('/orders/2')).toBe(name('/orders/1'));
  const made = ['/never/seen', '/orders/1/../2', '//'].map((path) => name(path));
  expect([...made, name('/orders/1', 'BREW')]).toEqual(['unlearnt', 'unlearnt', 'unlearnt', 'unlearnt']);
});
