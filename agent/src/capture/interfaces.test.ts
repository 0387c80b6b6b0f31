import type { NetworkInterfaceInfo } from 'node:os';
import { expect, it } from 'vitest';
import { NO_INTERFACES, readInterfaces } from './interfaces.ts';

const NO_ROUTES = { v4: '', v6: '' };
const at = (address: string, internal = false): NetworkInterfaceInfo =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;

it('tells addresses that name a pod from those that every pod has', () => {
  expect(
    readInterfaces(
      {
        lo: [at('127.0.0.1', true), at('::1', true)],
        'eth0:second': [at('10.0.0.2')],
        eth0: [at('10.0.0.1'), at('fd00:0:0::1'), at('fe80::1'), at('169.254.1.1')],
      },
      NO_ROUTES,
    ),
  ).toEqual({
    addresses: ['10.0.0.2', '10.0.0.1', 'fd00::1'],
    names: ['eth0'],
    loopbackUp: true,
    loopbackHas6: true,
    has6: true,
    gateways: [],
  });
});

it('sees a loopback without IPv6, and a namespace in which nothing is up', () => {
  expect(readInterfaces({ lo: [at('127.0.0.1', true)], eth0: [at('fe80::1')] }, NO_ROUTES)).toEqual({
    addresses: [],
    names: ['eth0'],
    loopbackUp: true,
    loopbackHas6: false,
    has6: false,
    gateways: [],
  });
  expect(readInterfaces({}, NO_ROUTES)).toEqual(NO_INTERFACES);
});

it('finds the gateways of default routes, as the kernel lists them', () => {
  const v4 = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t0100420A\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t0000420A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'eth0\t0000000B\t0900420A\t0003\t0\t0\t0\t000000FF\t0\t0\t0',
    '',
  ];
  const none = '0'.repeat(32);
  const v6 = [
    `fd660000000000000000000000000000 40 ${none} 00 ${none} 00000100 00000001 00000000 00000001     eth0`,
    `${none} 00 ${none} 00 fd660000000000000000000000000001 00000400 00000001 00000000 00000003     eth0`,
    `${none} 00 ${none} 00 ${none} ffffffff 00000001 00000000 00200200       lo`,
  ];
  const { gateways } = readInterfaces({}, { v4: v4.join('\n'), v6: v6.join('\n') });
  expect(gateways).toEqual(['10.66.0.1', 'fd66::1']);
});
