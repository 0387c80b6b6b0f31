import { describe, expect, it } from 'vitest';
import { hasHostAndPort, hasNoHost, isSameAuthority } from './authority.ts';

describe('authorities', () => {
  it.each([
    ['shop', 'SHOP', 'http'],
    ['shop', 'shop:80', 'http'],
    ['shop:', 'shop', 'http'],
    ['shop', 'shop:443', 'HTTPS'],
    ['[::1]', '[::1]:80', 'http'],
    ['shop:', 'shop', 'other'],
  ])('%s is %s with %s', (left, right, scheme) => {
    expect(isSameAuthority(left, right, scheme)).toBe(true);
    expect(isSameAuthority(right, left, scheme)).toBe(true);
  });

  it.each([
    ['shop', 'shop:443', 'http'],
    ['shop', 'shop:80', 'https'],
    ['shop', 'shop:80', 'other'],
    ['shop:80', 'shop:8080', 'http'],
    ['shop', 'shop.', 'http'],
    ['shop', '', 'http'],
    ['[::80]', '[:]', 'http'],
  ])('%s is not %s with %s', (left, right, scheme) => {
    expect(isSameAuthority(left, right, scheme)).toBe(false);
    expect(isSameAuthority(right, left, scheme)).toBe(false);
  });

  it('may lack what is asked of them', () => {
    expect(['', ':', ':80'].map(hasNoHost)).toEqual([true, true, true]);
    expect(['shop', 'shop:', '[::1]'].map(hasNoHost)).toEqual([false, false, false]);
    expect(['db:5432', '[::1]:80'].map(hasHostAndPort)).toEqual([true, true]);
    expect(['', 'db', 'db:', ':80', 'db:x', '[::1]'].map(hasHostAndPort)).toEqual(Array(6).fill(false));
  });
});
