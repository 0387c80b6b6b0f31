import { SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4Text, ipv6Text } from './ip-text.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

describe('address text', () => {
  it.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['00000000000000000000ffff0a010203', '10.1.2.3'],
  ])('writes %s as %s', (hex, text) => {
    expect(ipv6Text(bytes(hex), 0)).toBe(text);
  });

  it('reads from the offset', () => {
    expect(ipv4Text(bytes('ffff0a010203'), 2)).toBe('10.1.2.3');
    expect(ipv6Text(bytes('ffff20010db8000000000000000000000001'), 2)).toBe('2001:db8::1');
  });

  it('agrees with libc on any address that is not a v4 in disguise', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        fc.pre(groups.slice(0, 5).some((value) => value !== 0));
        const raw = new Uint8Array(groups.flatMap((value) => [value >> 8, value & 0xff]));
        const libc = new SocketAddress({
          family: 'ipv6',
          address: groups.map((value) => value.toString(16)).join(':'),
        });
        expect(ipv6Text(raw, 0)).toBe(libc.address);
      }),
    );
  });
});
