import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  absolutePath,
  bytes,
  duration,
  formatBytes,
  formatDuration,
  httpUrl,
  integer,
  issuerList,
  listenAddress,
  namespaceList,
  nodeName,
  objectName,
  type Parser,
  taintKey,
} from './parsers.ts';

const any = { min: 0, max: Number.MAX_SAFE_INTEGER };
const read = <T>(parse: Parser<T>, text: string): T | string => {
  const result = parse(text);
  return result.ok ? result.value : `refused: ${result.error}`;
};

describe('parsers', () => {
  it('reads back every duration and size that it writes', () => {
    const whole = fc.integer({ min: 0, max: 999_999_999 });
    fc.assert(fc.property(whole, (ms) => read(duration(any), formatDuration(ms)) === ms));
    fc.assert(fc.property(whole, (size) => read(bytes(any), formatBytes(size)) === size));
  });

  it.each(['', '5', '-1s', '1.5s', '5 s', '1d', '1h30m', 's'])('refuses the duration `%s`', (text) => {
    expect(read(duration(any), text)).toMatch(/^refused: not a duration/);
  });

  it('names the bounds in the unit of the setting', () => {
    expect(read(duration({ min: 1_000, max: 60_000 }), '2m')).toBe('refused: not between 1s and 1m');
    expect(read(bytes({ min: 1_024, max: 65_536 }), '1MiB')).toBe('refused: not between 1KiB and 64KiB');
    expect(read(integer({ min: 1, max: 64 }), '0')).toBe('refused: not between 1 and 64');
  });

  it('reads the name of an object in a namespace', () => {
    expect(read(objectName, '')).toBeNull();
    expect(read(objectName, 'eastwall-system/a.b')).toEqual({ namespace: 'eastwall-system', name: 'a.b' });
    for (const text of ['a', 'a/', '/a', 'a/b/c', 'A/b', 'a/b c', 'a.b/c'])
      expect(read(objectName, text)).toBe('refused: not `namespace/name`');
  });

  it('reads the key of a taint', () => {
    for (const text of ['', 'a', 'eastwall.dev/agent-not-ready']) expect(read(taintKey, text)).toBe(text);
    for (const text of ['a/', '/a', 'a b', 'a/b/c', '-a', 'a=b:NoSchedule'])
      expect(read(taintKey, text)).toMatch(/^refused/);
  });

  it.each(['0x10', '1e3', ' 5', '٣'])('refuses the number `%s`', (text) => {
    expect(read(integer(any), text)).toBe('refused: not a whole number');
  });

  it('reads addresses and refuses names, missing ports and ports out of range', () => {
    expect(read(listenAddress, '[::1]:80')).toEqual({ host: '::1', port: 80 });
    expect(read(listenAddress, '*:80')).toEqual({ host: '', port: 80 });
    expect(read(listenAddress, 'off')).toBeNull();
    for (const bad of ['localhost:80', '127.0.0.1', ':80', '::1:80']) {
      expect(read(listenAddress, bad)).toMatch(/^refused: not an address/);
    }
    expect(read(listenAddress, '127.0.0.1:70000')).toBe('refused: the port is above 65535');
  });

  it('reads names as the kube API defines them', () => {
    expect(read(nodeName, 'ip-10-0-0-1.eu.compute.internal')).toBe('ip-10-0-0-1.eu.compute.internal');
    expect(read(nodeName, 'Node_1')).toMatch(/^refused/);
    expect(read(namespaceList, 'kube-system,shop')).toEqual(['kube-system', 'shop']);
    expect(read(namespaceList, '')).toEqual([]);
    expect(read(namespaceList, 'shop,No!')).toBe('refused: `No!` is not the name of a namespace');
  });

  it('drops the slash at the end of a path but not the root', () => {
    expect([read(absolutePath, '/run/x//'), read(absolutePath, '/')]).toEqual(['/run/x', '/']);
  });
});

describe('issuerList', () => {
  it('takes issuers with the URLs of their keys, and an audience', () => {
    expect(issuerList('')).toEqual({ ok: true, value: [] });
    expect(issuerList('https://idp.example=https://idp.example/jwks?v=1, b=http://b/keys;orders')).toEqual({
      ok: true,
      value: [
        { issuer: 'https://idp.example', jwksUrl: 'https://idp.example/jwks?v=1', audience: null },
        { issuer: 'b', jwksUrl: 'http://b/keys', audience: 'orders' },
      ],
    });
  });

  it.each(['https://idp.example', 'a=', 'a=keys', 'a=file:///etc/keys', '=https://b/keys'])(
    'refuses `%s`',
    (text) => {
      expect(issuerList(text)).toMatchObject({ ok: false });
    },
  );

  it('reads a URL, and takes no secret in one', () => {
    expect(read(httpUrl, 'https://siem.example:8443/in?source=eastwall')).toBe(
      'https://siem.example:8443/in?source=eastwall',
    );
    expect(read(httpUrl, 'siem.example')).toMatch(/^refused: not a URL/);
    expect(read(httpUrl, 'ftp://siem.example')).toMatch(/^refused: not a URL/);
    expect(read(httpUrl, 'https://user:secret@siem.example')).toMatch(/^refused: holds a user/);
  });
});
