import type { NetworkInterfaceInfo } from 'node:os';
import { expect, it } from 'vitest';
import { NO_INTERFACES, readInterfaces } from './interfaces.ts';

const at = (address: string, internal = false): NetworkInterfaceInfo =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;

it('tells addresses that name a pod from those that every pod has', () => {
  expect(
    readInterfaces({
      lo: [at('127.0.0.1', true), at('::1', true)],
      'eth0:second': [at('10.0.0.2')],
      eth0: [at('10.0.0.1'), at('fd00:0:0::1'), at('fe80::1'), at('169.254.1.1')],
    }),
  ).toEqual({
    addresses: ['10.0.0.2', '10.0.0.1', 'fd00::1'],
    names: ['eth0'],
    loopbackUp: true,
    loopbackHas6: true,
    has6: true,
  });
});

it('sees a loopback without IPv6, and a namespace in which nothing is up', () => {
  expect(readInterfaces({ lo: [at('127.0.0.1', true)], eth0: [at('fe80::1')] })).toEqual({
    addresses: [],
    names: ['eth0'],
    loopbackUp: true,
    loopbackHas6: false,
    has6: false,
  });
  expect(readInterfaces({})).toEqual(NO_INTERFACES);
});
