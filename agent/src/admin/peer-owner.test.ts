import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownerIn, peerOwner } from './peer-owner.ts';

const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (from: string, to: string, state: string, uid: number) =>
  `   1: ${from} ${to} ${state} 00000000:00000000 00:00000000 00000000 ${uid.toString().padStart(5)}        0 38 1 0`;
const CLIENT = { address: '127.0.0.1', port: 0xabcd };
const SERVER = { address: '127.0.0.1', port: 9465 };
const at = '0100007F';

describe('the owner of the other end', () => {
  it('is that of the connection in the same direction', () => {
    const table = [
      HEADER,
      line(`${at}:24F9`, `${at}:ABCD`, '01', 0),
      line(`${at}:ABCD`, `${at}:24F9`, '01', 65_534),
    ].join('\n');
    expect(ownerIn(table, CLIENT, SERVER)).toBe(65_534);
    expect(ownerIn(table, SERVER, CLIENT)).toBe(0);
  });

  it('is unknown once it is closing, since the kernel then says root', () => {
    expect(ownerIn(line(`${at}:ABCD`, `${at}:24F9`, '06', 0), CLIENT, SERVER)).toBeNull();
    expect(ownerIn('', CLIENT, SERVER)).toBeNull();
  });

  it('may have an IPv6 socket', () => {
    const mapped = `0000000000000000FFFF0000${at}`;
    expect(ownerIn(line(`${mapped}:ABCD`, `${mapped}:24F9`, '01', 7), CLIENT, SERVER)).toBe(7);
    const one = '00000000000000000000000001000000';
    const ends = [
      { address: '::1', port: 0xabcd },
      { address: '::1', port: 9465 },
    ] as const;
    expect(ownerIn(line(`${one}:ABCD`, `${one}:24F9`, '01', 8), ...ends)).toBe(8);
  });

  it('takes any text for a table', () => {
    fc.assert(fc.property(fc.string(), (text) => ownerIn(text, CLIENT, SERVER) === null));
  });

  it('is ours for a connection of our own', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    expect(await peerOwner(accepted)).toBe(process.getuid?.());
    client.destroy();
    server.close();
  });
});
