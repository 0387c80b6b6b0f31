import { describe, expect, it } from 'vitest';
import { addressOf, parseCidr } from './cidr.ts';

describe('parseCidr', () => {
  it.each([
    ['0.0.0.0/0', { family: 4, prefix: 0, bits: 0n }],
    ['10.0.0.0/8', { family: 4, prefix: 8, bits: 10n }],
    ['169.254.169.254/32', { family: 4, prefix: 32, bits: 0xa9fea9fen }],
    ['::/0', { family: 6, prefix: 0, bits: 0n }],
    ['2001:DB8::/32', { family: 6, prefix: 32, bits: 0x20010db8n }],
    ['2001:db8:0:0:0:0:0:1/128', { family: 6, prefix: 128, bits: 0x20010db8000000000000000000000001n }],
  ])('reads %s', (text, cidr) => expect(parseCidr(text)).toEqual(cidr));

  it.each([
    ['10.0.0.0', 'single'],
    ['2001:db8::1', 'single'],
    ['10.0.0.1/8', 'host-bits'],
    ['2001:db8::1/64', 'host-bits'],
    ['::ffff:10.0.0.0/104', 'mapped'],
    ['10.0.0.0/33', 'syntax'],
    ['2001:db8::/129', 'syntax'],
    ['10.0.0.0/', 'syntax'],
    ['10.0.0.0/08', 'syntax'],
    ['10.0.0.0/8/8', 'syntax'],
    ['10.0.0/8', 'syntax'],
    ['010.0.0.0/8', 'syntax'],
    ['10.0.0.256/32', 'syntax'],
    ['0x0a.0.0.0/8', 'syntax'],
    ['fe80::1%eth0/128', 'syntax'],
    ['example.com/32', 'syntax'],
    ['', 'syntax'],
  ])('refuses %j: %s', (text, problem) => expect(parseCidr(text)).toBe(problem));
});

describe('addressOf', () => {
  it.each([
    ['10.1.2.3', { family: 4, bits: 0x0a010203n }],
    ['::1', { family: 6, bits: 1n }],
    ['no address', null],
    ['', null],
  ])('reads %j', (text, address) => expect(addressOf(text)).toEqual(address));
});
