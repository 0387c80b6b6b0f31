import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalIp } from './ip.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['010.000.00.08', '10.0.0.8'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['::FFFF:10.0.0.1', '10.0.0.1'],
  ['::ffff:a00:1', '10.0.0.1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::', '::'],
])('%s is written %s', (text, canonical) => {
  expect(canonicalIp(text)).toBe(canonical);
});

test.each([
  '',
  'None',
  '10.0.0',
  '10.0.0.256',
  '0x0a.0.0.1',
  '10.0.0.1 ',
  '1.2.3.4.5',
  ':::',
  '2001:db8::g',
  'a:b',
])('`%s` is no address', (text) => {
  expect(canonicalIp(text)).toBeNull();
});

test('is idempotent, and every spelling of an IPv6 address gives one text', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (parts) => {
      const long = canonicalIp(
        parts.map((part) => part.toString(16).padStart(4, '0').toUpperCase()).join(':'),
      );
      const short = canonicalIp(parts.map((part) => part.toString(16)).join(':'));
      expect(long).not.toBeNull();
      expect(long).toBe(short);
      expect(canonicalIp(long ?? '')).toBe(long);
    }),
  );
});
