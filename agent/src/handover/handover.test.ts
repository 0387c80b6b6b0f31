import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Inheritance } from '../capture/protocol.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { recvFds, sendFds } from '../kernel/libc-fds.ts';
import { bindLoopback, listenOn, tcpSocket } from '../kernel/libc-sockets.ts';
import { connectUnix } from '../kernel/libc-unix.ts';
import { given, VERSION } from './protocol.ts';
import { SuccessorDoor } from './successor-door.ts';
import { isPredecessorThere, type Takeover, takeOver } from './take-over.ts';

const PATIENCE_MS = 10_000;
const silent = { info: () => {}, warn: () => {} };
const until = (expectation: () => void) => vi.waitFor(expectation, { timeout: PATIENCE_MS, interval: 5 });

it('gives what agents of version 1 read: whoever changes what this says raises `VERSION`', () => {
  const text = JSON.stringify(
    given({
      inode: 4_026_530_000,
      listeners: [
        { direction: 'outbound', family: 4, port: 15_001, fd: 9 },
        { direction: 'inbound', family: 6, port: 15_002, fd: 10 },
      ],
      listenerMark: 7,
      makers: [{ kind: 'cgroup', path: '/pod', id: 2n ** 63n + 1n, level: 3 }],
      exemptions: [{ kind: 'mark', mark: 0xdeadbeef }],
    }),
  );
  expect({ version: VERSION, netns: JSON.parse(text) }).toEqual({
    version: 1,
    netns: {
      inode: 4_026_530_000,
      listeners: [
        { direction: 'outbound', family: 4, port: 15_001 },
        { direction: 'inbound', family: 6, port: 15_002 },
      ],
      listenerMark: 7,
      makers: [{ kind: 'cgroup', path: '/pod', id: '9223372036854775809', level: 3 }],
      exemptions: [{ kind: 'mark', mark: 3_735_928_559 }],
    },
  });
});

/** An agent with real listening sockets in so many namespaces, which notes what it is told. */
class OldAgent {
  readonly told: string[] = [];
  readonly estate: Inheritance[];
  readonly door: SuccessorDoor;
  /** Stepping aside takes until it resolves. */
  pace: Promise<void> = Promise.resolve();

  constructor(path: string, namespaces: number) {
    this.estate = Array.from({ length: namespaces }, (_, index) => inheritance(index));
    this.door = new SuccessorDoor(
      path,
      {
        stepAside: async () => {
          await this.pace;
          this.told.push('step aside');
          return this.estate;
        },
        leases: () => [],
        taken: (inodes) => this.told.push(`taken ${inodes.join()}`),
        stepBack: () => this.told.push('step back'),
      },
      silent,
    );
    onTestFinished(() => {
      this.door.close();
      this.closeListeners();
    });
  }

  closeListeners(): void {
    for (const { listeners } of this.estate.splice(0)) for (const { fd } of listeners) closeFd(fd);
  }
}

let ports = 42_000 + (process.pid % 1_000) * 10;

function inheritance(index: number): Inheritance {
  const fd = tcpSocket(4);
  while (bindLoopback(fd, 4, ++ports) < 0);
  listenOn(fd, 16);
  return {
    inode: 4_026_530_000 + index,
    listeners: [{ direction: 'outbound', family: 4, port: ports, fd }],
    listenerMark: 7,
    makers: [{ kind: 'cgroup', path: '/pod', id: 2n ** 63n + 1n, level: 3 }],
    exemptions: [{ kind: 'mark', mark: 0xdeadbeef }],
  };
}

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

async function setUp(namespaces = 3): Promise<{ path: string; old: OldAgent }> {
  const directory = mkdtempSync(join(tmpdir(), 'ew-handover-'));
  directories.push(directory);
  const path = join(directory, 'handover.sock');
  const old = new OldAgent(path, namespaces);
  await old.door.open();
  return { path, old };
}

async function takeFrom(path: string): Promise<Takeover> {
  const takeover = await takeOver(path, PATIENCE_MS);
  if (takeover === null) throw new Error('nobody is there');
  return takeover;
}

/** An old agent of another version, which says these, each with so many descriptors beside it. */
async function otherVersion(path: string, ...messages: [text: string, fds?: readonly Fd[]][]) {
  const other = createServer((socket) => {
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    for (const [text, fds = []] of messages) sendFds(fd, text, fds);
  }).listen(`${path}.other`);
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  return takeFrom(`${path}.other`);
}

describe('taking over', () => {
  it('gets listeners that others have connected to before, and goes on with them when their maker is gone', async () => {
    const { path, old } = await setUp(110);
    const port = old.estate[109]?.listeners[0]?.port ?? 0;
    const early = connect(port, '127.0.0.1');
    await once(early, 'connect');
    const { estate, problem } = await takeFrom(path);
    expect(problem).toBeNull();
    const plain = (netns: Inheritance) => ({ ...netns, listeners: netns.listeners.map((one) => one.port) });
    expect(estate.map(plain)).toEqual(old.estate.map(plain));
    old.closeListeners();
    const server = createServer((socket) => socket.end('hello')).listen({
      fd: estate[109]?.listeners[0]?.fd ?? -1,
    });
    expect(String(await once(early, 'data').then(([bytes]) => bytes))).toBe('hello');
    server.close();
    for (const { listeners } of estate.slice(0, 109)) for (const { fd } of listeners) closeFd(fd);
  });

  it('holds the old agent still until it ends, and tells it what is taken', async () => {
    const { path, old } = await setUp(1);
    const takeover = await takeFrom(path);
    expect([old.told, old.door.passedOn]).toEqual([['step aside'], true]);
    takeover.taken([4_026_530_000, 5]);
    await until(() => expect(old.told).toEqual(['step aside', 'taken 4026530000,5']));
    old.door.close();
    await takeover.ended;
    expect(old.told).toHaveLength(2);
    for (const { fd } of takeover.estate[0]?.listeners ?? []) closeFd(fd);
  });

  it('takes from nobody where nobody is, or where somebody has been', async () => {
    const { path, old } = await setUp(0);
    expect(isPredecessorThere(path)).toBe(true);
    old.door.close();
    expect([isPredecessorThere(path), await takeOver(path, PATIENCE_MS)]).toEqual([false, null]);
    writeFileSync(path, '');
    expect(isPredecessorThere(path)).toBe(false);
  });

  it('keeps what it has got when the old agent ends midway', async () => {
    const { path, old } = await setUp(2);
    const [first] = old.estate;
    const dying = createServer((socket) => {
      const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
      const message = { kind: 'netns', ...given(first as Inheritance) };
      sendFds(fd, JSON.stringify(message), first?.listeners.map((listener) => listener.fd) ?? []);
      socket.end();
    }).listen(`${path}.dying`);
    onTestFinished(() => void dying.close());
    await once(dying, 'listening');
    const takeover = await takeFrom(`${path}.dying`);
    expect(takeover).toMatchObject({ estate: [{ inode: 4_026_530_000 }], problem: 'channel closed' });
    await takeover.ended;
    for (const { fd } of takeover.estate[0]?.listeners ?? []) closeFd(fd);
  });

  const openFiles = () => readdirSync('/proc/self/fd').length;

  it('passes over what it does not know, and keeps none of the descriptors beside it', async () => {
    const { path, old } = await setUp(1);
    const [first] = old.estate as [Inheritance];
    const fds = first.listeners.map(({ fd }) => fd);
    // Agents before the inbound leg said no direction: they had one.
    const listeners = first.listeners.map(({ family, port }) => ({ family, port }));
    const before = openFiles();
    const takeover = await otherVersion(
      path,
      ['{"kind":"weather","count":1}\n', fds],
      ['null\n7\n'],
      [`${JSON.stringify({ kind: 'netns', ...given(first), listeners, mood: 'fine' })}\n`, fds],
      ['{"kind":"weather","count":2}\n{"kind":"all","count":1}\n'],
    );
    expect(takeover).toMatchObject({ problem: null, turnedAway: false });
    expect(takeover.estate).toMatchObject([{ inode: first.inode, listeners: [{ direction: 'outbound' }] }]);
    // The door's and the client's end of the connection, the server, and the listener that was given.
    expect(openFiles() - before).toBe(4);
    takeover.giveBack();
    for (const { listeners } of takeover.estate) for (const { fd } of listeners) closeFd(fd);
  });

  it('opens listeners of its own where it can not use what is given', async () => {
    const { path, old } = await setUp(1);
    const [first] = old.estate as [Inheritance];
    const fds = first.listeners.map(({ fd }) => fd);
    const plain = given(first);
    const strange: object[] = [
      { ...plain, inode: 'x' },
      { ...plain, listeners: undefined },
      { ...plain, listeners: [{ ...plain.listeners[0], family: 5 }] },
      { ...plain, listeners: [{ ...plain.listeners[0], direction: 'sideways' }] },
      { ...plain, listeners: [...plain.listeners, ...plain.listeners] },
      { ...plain, makers: [{ kind: 'pidns', id: '1' }] },
      { ...plain, exemptions: [{ kind: 'cgroup', path: '/', id: 'one', level: 0 }] },
      { ...plain, exemptions: [{ kind: 'mark' }] },
      { ...plain, listenerMark: null },
    ];
    const before = openFiles();
    const takeover = await otherVersion(
      path,
      ...strange.map((one): [string, Fd[]] => [JSON.stringify({ kind: 'netns', ...one }), fds]),
      [`{"kind":"all","count":${strange.length}}`],
    );
    expect(takeover).toMatchObject({ estate: [], problem: 'some listeners are missing', turnedAway: false });
    expect(openFiles() - before).toBe(3);
    takeover.giveBack();
  });

  it('is not waited for when the old agent says nothing', async () => {
    const { path } = await setUp(0);
    const mute = createServer(() => {}).listen(`${path}.mute`);
    onTestFinished(() => void mute.close());
    await once(mute, 'listening');
    expect(await takeOver(`${path}.mute`, 20)).toMatchObject({ estate: [], problem: 'it took too long' });
  });
});

describe('the old agent', () => {
  /** A successor as another version may write it. */
  async function successor(path: string, ...lines: string[]) {
    const socket = connect(path);
    socket.on('error', () => {});
    await once(socket, 'connect');
    for (const line of lines) socket.write(`${line}\n`);
    return socket;
  }

  it('takes everything back when its successor ends', async () => {
    const { path, old } = await setUp();
    const socket = await successor(path, '{"kind":"take","version":1}', '{"kind":"taken","inodes":[7]}');
    await until(() => expect(old.told).toEqual(['step aside', 'taken 7']));
    socket.destroy();
    await until(() => expect([old.told.at(-1), old.door.passedOn]).toEqual(['step back', false]));
    const next = await takeFrom(path);
    expect(next.estate).toHaveLength(3);
    for (const { listeners } of next.estate) for (const { fd } of listeners) closeFd(fd);
  });

  it('takes everything back also when its successor ends before it has stepped aside', async () => {
    const { path, old } = await setUp(1);
    const slow = Promise.withResolvers<void>();
    old.pace = slow.promise;
    const hasty = connect(path, () => hasty.write('{"kind":"take","version":1}\n'));
    await until(() => expect(old.door.passedOn).toBe(true));
    hasty.destroy();
    await until(() => expect(old.door.passedOn).toBe(false));
    const next = takeFrom(path);
    await until(() => expect(old.door.passedOn).toBe(true));
    slow.resolve();
    const { estate } = await next;
    expect(old.told).toEqual(['step aside', 'step back', 'step aside']);
    for (const { listeners } of estate) for (const { fd } of listeners) closeFd(fd);
  });

  it('outlives a successor that is killed before it has read everything', async () => {
    const { path, old } = await setUp();
    const fd = connectUnix(path);
    sendFds(fd, '{"kind":"take","version":1}\n', []);
    const first = await vi.waitUntil(() => recvFds(fd), { timeout: PATIENCE_MS, interval: 5 });
    for (const received of first.fds) closeFd(received);
    closeFd(fd);
    await until(() => expect([old.told.at(-1), old.door.passedOn]).toEqual(['step back', false]));
    expect(isPredecessorThere(path)).toBe(true);
  });

  it('gives all namespaces but one of which there is too much to say', async () => {
    const { path, old } = await setUp(3);
    const [first] = old.estate;
    if (first === undefined) throw new Error('no estate');
    const many = Array.from({ length: 100 }, (_, id) => ({
      kind: 'cgroup' as const,
      path: '/pod',
      id: BigInt(id),
      level: 3,
    }));
    old.estate[0] = { ...first, makers: many };
    const { estate, problem } = await takeFrom(path);
    expect([estate.map(({ inode }) => inode), problem]).toEqual([
      old.estate.slice(1).map(({ inode }) => inode),
      'some listeners are missing',
    ]);
    for (const { listeners } of estate) for (const { fd } of listeners) closeFd(fd);
  });

  it('gives another version no listener, but how its own connections are told from those of pods', async () => {
    const { path, old } = await setUp(40);
    const fd = connectUnix(path);
    onTestFinished(() => void closeFd(fd));
    sendFds(fd, '{"kind":"take","version":99}\n', []);
    let text = '';
    while (!text.includes('refused')) {
      const { payload, fds } = await vi.waitUntil(() => recvFds(fd), { timeout: PATIENCE_MS, interval: 5 });
      expect(fds).toEqual([]);
      text += payload;
    }
    const said = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(said.pop()).toEqual({ kind: 'refused', reason: 'this agent speaks version 1' });
    const plain = old.estate.map((one) => ({ kind: 'netns', ...given({ ...one, listeners: [] }) }));
    expect(said).toEqual(plain);
    // Whatever it says that it has taken, what waits at our listeners is for us.
    sendFds(fd, '{"kind":"taken","inodes":[4026530000]}\n', []);
    await until(() => expect(old.told).toEqual(['step aside', 'taken ']));
  });

  it('is understood by another version, however its messages are cut up', async () => {
    const { path, old } = await setUp(40);
    const messages = old.estate.map((one) =>
      JSON.stringify({ kind: 'netns', ...given({ ...one, listeners: [] }) }),
    );
    const text = `${[...messages, '{"kind":"refused","reason":"another time"}'].join('\n')}\n`;
    const pieces = text.match(/.{1,3000}/gs) ?? [];
    const takeover = await otherVersion(path, ...pieces.map((piece): [string] => [piece]));
    expect(takeover).toMatchObject({ problem: 'another time', turnedAway: false });
    expect(takeover.estate.map(({ inode }) => inode)).toEqual(old.estate.map(({ inode }) => inode));
    takeover.giveBack();
  });

  it('gives a later version what both read, and lets it say what nobody here knows', async () => {
    const { path, old } = await setUp(1);
    const fd = connectUnix(path);
    onTestFinished(() => void closeFd(fd));
    sendFds(fd, '{"kind":"weather"}\n{"kind":"take","version":1,"newest":99,"mood":"fine"}\n', []);
    const first = await vi.waitUntil(() => recvFds(fd), { timeout: PATIENCE_MS, interval: 5 });
    expect(JSON.parse(first.payload)).toMatchObject({ kind: 'netns' });
    for (const received of first.fds) closeFd(received);
    const unknown = [
      '{"kind":"weather"}',
      '{"kind":"taken","inodes":7}',
      'null',
      '{"kind":"taken","inodes":[8]}',
    ];
    sendFds(fd, `${unknown.join('\n')}\n`, []);
    await until(() => expect(old.told).toEqual(['step aside', 'taken 8']));
    expect(old.door.passedOn).toBe(true);
  });

  it('serves one successor at a time, and nobody who only looks or talks nonsense', async () => {
    const { path, old } = await setUp(0);
    expect(isPredecessorThere(path)).toBe(true);
    const first = await successor(path, '{"kind":"take","version":1}');
    await once(first, 'data');
    expect(await takeOver(path, PATIENCE_MS)).toMatchObject({ problem: 'channel closed' });
    await successor(path, 'hello');
    await successor(path, '{"kind":"taken","inodes":7}');
    await successor(path, '{"kind":"taken","inodes":[1]}');
    expect(old.told).toEqual(['step aside']);
    first.destroy();
  });

  it('leaves the path to whoever has claimed it since', async () => {
    const { path, old } = await setUp(0);
    const next = new OldAgent(path, 0);
    await next.door.open();
    old.door.close();
    expect(statSync(path).isSocket()).toBe(true);
    await takeFrom(path);
    await until(() => expect(next.told).toEqual(['step aside']));
    next.door.close();
    expect(existsSync(path)).toBe(false);
  });

  it('is open to its own user only', async () => {
    const { path } = await setUp(0);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
