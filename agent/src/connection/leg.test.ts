import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { tcpSocket } from '../kernel/libc-sockets.ts';
import { Leg, type LegEvents } from './leg.ts';
import { READ_BUFFER } from './read-buffer.ts';
import { handleOf, type TcpHandle } from './tcp-handle.ts';

/** Writes down what happens to a leg. */
class Diary implements LegEvents {
  readonly events: string[] = [];
  text = '';
  bytes = 0;
  data(_leg: Leg, bytes: Uint8Array, start: number, end: number): void {
    if (this.bytes < 1_000) this.text += Buffer.from(bytes.subarray(start, end)).toString('latin1');
    this.bytes += end - start;
  }
  ended = () => this.note('ended');
  failed = () => this.note('failed');
  unwritable = () => this.note('unwritable');
  congested = () => this.note('congested');
  drained = () => this.note('drained');
  closed = () => this.note('closed');
  private note(event: string): void {
    this.events.push(event);
  }
}

interface ListeningHandle {
  onconnection: (status: number, handle: TcpHandle) => void;
}

const until = (holds: () => boolean) => eventually(() => expect(holds()).toBe(true));

const open: { destroy?(): void; close?(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.destroy?.() ?? each.close?.();
});

async function listener(): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

/** A leg that dials, and its peer. */
async function dialled(): Promise<{ leg: Leg; diary: Diary; peer: Socket }> {
  const { server, port } = await listener();
  const { leg, diary } = dial(port);
  const [peer] = (await once(server, 'connection')) as [Socket];
  peer.on('error', () => {});
  open.push(peer);
  await until(() => leg.wasConnected);
  return { leg, diary, peer };
}

function dial(port: number, keepsPort = false): { leg: Leg; diary: Diary } {
  const handle = handleOf(tcpSocket(4));
  if (typeof handle === 'number') throw new Error('no handle');
  const diary = new Diary();
  const leg = new Leg(handle, diary, false);
  leg.connect('127.0.0.1', port, keepsPort);
  open.push({ close: () => leg.close() });
  return { leg, diary };
}

/** A leg that was accepted, and the client at its other end. */
async function accepted(): Promise<{ leg: Leg; diary: Diary; peer: Socket }> {
  const { server, port } = await listener();
  const { _handle: listening } = server as unknown as { _handle: ListeningHandle };
  const come = Promise.withResolvers<TcpHandle>();
  listening.onconnection = (_status, handle) => come.resolve(handle);
  const peer = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
  open.push(peer);
  const diary = new Diary();
  const leg = new Leg(await come.promise, diary, true);
  open.push({ close: () => leg.close() });
  leg.start();
  return { leg, diary, peer };
}

function write(leg: Leg, text: string): void {
  leg.write(READ_BUFFER, 0, READ_BUFFER.write(text));
}

describe.each([
  ['dialled', dialled],
  ['accepted', accepted],
])('a leg that was %s', (_, make) => {
  it('passes bytes both ways', async () => {
    const { leg, diary, peer } = await make();
    write(leg, 'ping');
    expect(String((await once(peer, 'data'))[0])).toBe('ping');
    peer.write('pong');
    await until(() => diary.text === 'pong');
  });

  it('is closed once both sides have said FIN', async () => {
    const { leg, diary, peer } = await make();
    peer.resume().end('last words');
    await until(() => diary.events.includes('ended'));
    expect([leg.destroyed, diary.text]).toEqual([false, 'last words']);
    leg.finish();
    await once(peer, 'end');
    await until(() => diary.events.includes('closed'));
    expect(diary.events).toEqual(['ended', 'closed']);
  });

  it('is closed when it has said FIN first, too', async () => {
    const { leg, diary, peer } = await make();
    leg.finish();
    peer.resume();
    await once(peer, 'end');
    peer.end();
    await until(() => diary.events.includes('closed'));
    expect(diary.events).toEqual(['ended', 'closed']);
  });

  it('fails when the peer resets', async () => {
    const { leg, diary, peer } = await make();
    write(leg, 'hello');
    await once(peer, 'data');
    peer.resetAndDestroy();
    await until(() => diary.events.includes('closed'));
    expect(diary.events).toEqual(['failed', 'closed']);
  });

  it('resets its peer', async () => {
    const { leg, diary, peer } = await make();
    const error = once(peer.resume(), 'error');
    leg.reset();
    expect(((await error)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
    await until(() => diary.events.includes('closed'));
    expect(diary.events).toEqual(['closed']);
  });

  it('is congested by a peer that does not read, and sends all of it before FIN', async () => {
    const { leg, diary, peer } = await make();
    let written = 0;
    while (!leg.congested) {
      leg.write(READ_BUFFER, 0, READ_BUFFER.length);
      written += READ_BUFFER.length;
    }
    leg.finish();
    expect(leg.flushed).toBe(false);
    let read = 0;
    peer.on('data', (part: Buffer) => {
      read += part.length;
    });
    await once(peer, 'end');
    expect(read).toBe(written);
    expect(diary.events).toEqual(['congested', 'drained']);
  });

  it.each([1, 1_000, READ_BUFFER.length])('sends all of the last %i bytes before FIN', async (length) => {
    const { leg, peer } = await make();
    let written = 0;
    while (length === READ_BUFFER.length && leg.flushed) {
      leg.write(READ_BUFFER, 0, length);
      written += length;
    }
    leg.writeLast(READ_BUFFER, 0, length);
    written += length;
    // Nothing can come after FIN.
    leg.write(READ_BUFFER, 0, length);
    let read = 0;
    peer.on('data', (part: Buffer) => {
      read += part.length;
    });
    await once(peer, 'end');
    expect(read).toBe(written);
  });

  it('reads nothing while it is paused', async () => {
    const { leg, diary, peer } = await make();
    leg.pause();
    peer.write('early');
    write(leg, 'x');
    await once(peer, 'data');
    expect(diary.text).toBe('');
    leg.resume();
    await until(() => diary.text === 'early');
  });

  it('reads an answer that came before the reset that a write met', async () => {
    const { leg, diary, peer } = await make();
    leg.pause();
    await new Promise<void>((sent) => peer.write('413', () => sent()));
    peer.resetAndDestroy();
    await once(peer, 'close');
    await until(() => {
      write(leg, 'more');
      return diary.events.includes('unwritable');
    });
    leg.resume();
    await until(() => diary.events.includes('failed'));
    expect(diary.events[0]).toBe('unwritable');
  });
});

it('fails to dial where nobody listens', async () => {
  const { server, port } = await listener();
  server.close();
  await once(server, 'close');
  const { leg, diary } = dial(port);
  write(leg, 'held until connected');
  await until(() => diary.events.includes('closed'));
  expect(diary.events).toEqual(['failed', 'closed']);
  expect(leg.wasConnected).toBe(false);
});

it('sends what was written before it was connected, and FIN after it', async () => {
  const { server, port } = await listener();
  const { leg } = dial(port);
  write(leg, 'early');
  leg.finish();
  const [peer] = (await once(server, 'connection')) as [Socket];
  let text = '';
  peer.on('data', (part: Buffer) => {
    text += part;
  });
  await once(peer, 'end');
  expect(text).toBe('early');
  peer.destroy();
});

it.each([
  [true, 'tells'],
  [false, 'keeps to itself'],
])('a leg that keeps its port (%s) %s which one it has spent by closing first', async (keepsPort) => {
  const { server, port } = await listener();
  const { leg, diary } = dial(port, keepsPort);
  const [peer] = (await once(server, 'connection')) as [Socket];
  open.push(peer);
  const from = peer.remotePort;
  await until(() => leg.wasConnected);
  leg.finish();
  await once(peer.resume(), 'end');
  peer.end();
  await until(() => diary.events.includes('ended'));
  expect(leg.spentPort).toBe(keepsPort ? from : 0);
});
