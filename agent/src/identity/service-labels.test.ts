import { expect, it } from 'vitest';
import { ServiceLabels } from './service-labels.ts';

it('matches a destination by the labels of any Service behind it that is known', () => {
  const known = new ServiceLabels();
  const at = (...names: string[]) => names.map((service) => ({ namespace: 'shop', service, port: 80 }));
  const isBlue = ({ team }: Readonly<Record<string, string>>) => team === 'blue';
  const isNot = ({ team }: Readonly<Record<string, string>>) => team !== 'blue';
  known.set('shop/orders', { team: 'blue' });
  known.set('shop/plain', {});
  expect(known.some(at('plain', 'orders'), isBlue)).toBe(true);
  expect(known.some(at('plain'), isBlue)).toBe(false);
  expect(known.some(at('plain'), isNot)).toBe(true);
  // Of these nothing is known, not even that they have no such label.
  expect(known.some(at('other'), isNot)).toBe(false);
  expect(known.some([], isNot)).toBe(false);
  known.set('shop/orders', null);
  expect(known.some(at('orders'), isBlue)).toBe(false);
});
