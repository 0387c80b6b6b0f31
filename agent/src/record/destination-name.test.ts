import { expect, test } from 'vitest';
import { destinationName } from './destination-name.ts';

const external = { key: 'k', ip: '192.0.2.7', port: 443, services: [] };
const orders = { namespace: 'shop', service: 'orders', port: 80 };

test('is the Service, else the host, else the address', () => {
  expect(destinationName({ ...external, services: [orders] }, 'orders.shop')).toBe('shop/orders:80');
  expect(destinationName(external, 'api.example.com')).toBe('api.example.com');
  expect(destinationName(external, '')).toBe('192.0.2.7:443');
  expect(destinationName({ ...external, ip: '2001:db8::1' }, '')).toBe('[2001:db8::1]:443');
});

test('shows the dialled port when no Service names it', () => {
  expect(destinationName({ ...external, services: [{ ...orders, port: 0 }] }, '')).toBe('shop/orders:443');
});
