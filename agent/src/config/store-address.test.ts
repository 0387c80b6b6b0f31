import { describe, expect, it } from 'vitest';
import { formatStoreAddress, storeAddress } from './store-address.ts';

const read = (text: string) => {
  const parsed = storeAddress(text);
  return parsed.ok ? (parsed.value === null ? null : formatStoreAddress(parsed.value)) : parsed;
};

describe('the address of the store', () => {
  it.each([
    ['', null],
    ['redis://localhost', 'redis://localhost:6379/0'],
    ['rediss://10.0.0.1:6380/3', 'rediss://10.0.0.1:6380/3'],
    ['redis://[::1]:6379', 'redis://[::1]:6379/0'],
    ['redis-sentinel://a,b:26380/mymaster', 'redis-sentinel://a:26379,b:26380/mymaster'],
    ['rediss-cluster://a:1,b:2,c:3', 'rediss-cluster://a:1,b:2,c:3'],
  ])('%s', (text, expected) => expect(read(text)).toBe(expected));

  it.each([
    ['localhost:6379', 'not an address'],
    ['http://a', 'not an address'],
    ['redis://user:secret@a', 'holds credentials'],
    ['redis://', 'is not a host and port'],
    ['redis://a:0', 'is not a host and port'],
    ['redis://a:65536', 'is not a host and port'],
    ['redis://a,b', 'several hosts need'],
    ['redis://a/x', 'no number of a database'],
    ['redis-sentinel://a', 'names no master'],
    ['redis-cluster://a/1', 'no databases'],
    [`redis-cluster://${'a,'.repeat(32)}a`, 'more than 32 hosts'],
    [`redis://${'a'.repeat(100_000)}`, 'is not a host and port'],
  ])('refuses %.60s', (text, reason) => {
    const parsed = storeAddress(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error).toContain(reason);
    // Secrets that were written by mistake are not repeated.
    expect(JSON.stringify(parsed)).not.toContain('secret');
  });
});
