import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writtenHost } from '../../testing/egress-arbitraries.ts';
import { referenceHost } from '../../testing/reference-egress.ts';
import { runs } from '../../testing/runs.ts';
import { hostName } from './host-name.ts';

describe('hostName', () => {
  it.each([
    ['api.example.com', 'api.example.com'],
    ['API.Example.COM:8443', 'api.example.com'],
    ['example.com.', 'example.com'],
    ['example.com.:80', 'example.com'],
    ['example.com:', 'example.com'],
    ['proxy', 'proxy'],
    ['_srv.example.com', '_srv.example.com'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['3scale.example', '3scale.example'],
    [`${'a'.repeat(249)}.com`, `${'a'.repeat(249)}.com`],
  ])('reads %j', (written, host) => expect(hostName(written)).toBe(host));

  it.each([
    '',
    '.',
    '..',
    ':80',
    '.example.com',
    'a..example.com',
    'example.com..',
    'example.com:port',
    'example.com:123456',
    'example.com:80:80',
    'user@example.com',
    'example.com/path',
    'ex%61mple.com',
    'ex\0ample.com',
    'bücher.example',
    '*.example.com',
    `${'a'.repeat(250)}.com`,
  ])('finds no name in %j', (written) => expect(hostName(written)).toBeNull());

  it.each([
    '10.1.2.3',
    '10.1.2.3:80',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '127.0x',
    '[::1]',
    '[::1]:80',
    '::1',
    '1.2.3.4.',
  ])('finds an address in %j, which is no name', (written) => expect(hostName(written)).toBeNull());

  it('agrees with the reference on any text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', '.', ':', '-', '_', '1', '0x', '[', '@', ' ') });
    fc.assert(
      fc.property(fc.oneof(text, writtenHost), (written) => {
        expect(hostName(written)).toBe(referenceHost(written));
      }),
      runs(3_000),
    );
  });
});
