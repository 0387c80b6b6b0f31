import { describe, expect, it } from 'vitest';
import { ipBytes } from '../identity/ip.ts';
import { hasUnseenArrivals, written } from './unseen-arrivals.ts';

const end = (ip: string, port: number): string =>
  `${written(ipBytes(ip))}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
const row = (local: string, remote: string, state: string): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0`;

const AGENT = 61_143;
const NODE = '10.0.0.1';
const POD = '10.0.0.9';
const POD6 = 'fd00::9';
const HEADING =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const SERVERS = [
  row(end('0.0.0.0', 8080), end('0.0.0.0', 0), '0A'),
  row(end('0.0.0.0', AGENT), end('0.0.0.0', 0), '0A'),
];

const unseen = (...rows: string[]): boolean =>
  hasUnseenArrivals({
    table: [HEADING, ...SERVERS, ...rows].join('\n'),
    agentPorts: new Set([AGENT]),
    spared: [ipBytes(NODE)],
  });
const open = (local: [string, number], remote: [string, number], state = '01'): string =>
  row(end(...local), end(...remote), state);

describe('hasUnseenArrivals', () => {
  it('writes addresses as the kernel does', () => {
    expect(end('127.0.0.1', 8080)).toBe('0100007F:1F90');
    expect(written(ipBytes('::1'))).toBe('00000000000000000000000001000000');
  });

  it('finds whoever is connected past the agent', () => {
    expect(unseen()).toBe(false);
    expect(unseen(open([POD, 8080], ['10.0.0.7', 40_000]))).toBe(true);
    expect(unseen(open([POD6, 8080], ['fd00::7', 40_000]))).toBe(true);
    expect(unseen(open([`::ffff:${POD}`, 8080], ['::ffff:10.0.0.7', 40_000]))).toBe(true);
  });

  it.each([
    ['has closed', [open([POD, 8080], ['10.0.0.7', 40_000], '06')]],
    ['the pod has called', [open([POD, 40_000], ['10.0.0.7', 8080])]],
    ['has come to the agent', [open([POD, AGENT], ['10.0.0.7', 40_000])]],
    ['is in the node', [open([POD, 8080], [NODE, 40_000]), open([POD, 8080], ['169.254.7.127', 40_000])]],
    ['is on the link', [open([POD6, 8080], ['fe80::1', 40_000])]],
    ['calls from a privileged port', [open([POD, 8080], ['10.0.0.7', 900])]],
    [
      'is the pod itself',
      [open(['127.0.0.1', 8080], ['127.0.0.1', 40_000]), open(['127.0.0.1', 40_000], ['127.0.0.1', 8080])],
    ],
    [
      'is the agent in the name of a caller',
      [
        open([`::ffff:${POD}`, 8080], ['::ffff:10.0.0.7', 40_000]),
        open(['10.0.0.7', 40_000], [POD, 8080]),
        open([POD, AGENT], ['10.0.0.7', 40_000]),
      ],
    ],
  ])('leaves out who %s', (_, rows) => {
    expect(unseen(...rows)).toBe(false);
  });
});
