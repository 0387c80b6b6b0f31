import { describe, expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, FREE, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const LAST = 'HTTP/1.1 200 OK\r\nconnection: close\r\nContent-Length: 2\r\n\r\nhi';
const LONG_MS = 60_000;

const http = (peer: Peer) => {
  peer.socket.on('data', () => peer.send(OK));
  peer.socket.on('end', () => peer.finish());
};

/** Requests come by another way than the word: `asking` goes on asking until it is told that its answer is the last one. */
async function drain(dataplane: DataplaneProcess, asking: Peer): Promise<void> {
  await asking.send(GET).got(OK);
  dataplane.send({ kind: 'drain', graceMs: LONG_MS });
  for (let asked = 2; !asking.text.endsWith(LAST); asked++) {
    asking.send(GET);
    await eventually(() => expect(asking.text.split('hi')).toHaveLength(asked + 1));
  }
  asking.finish();
}

const drained = (dataplane: DataplaneProcess) => eventually(() => expect(dataplane.drained).toBe(true));

describe('a draining dataplane', () => {
  it('answers once more on connections that were idle, says that it was the last, and closes them', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(FREE, PORT, http);
    const callers = Array.from({ length: 50 }, () => Peer.dial(FREE, PORT).send(GET));
    for (const caller of callers) await caller.got(OK);
    await drain(dataplane, Peer.dial(FREE, PORT));
    for (const caller of callers) caller.send(GET);
    for (const caller of callers) {
      expect(await caller.end()).toBe('fin');
      expect(caller.text).toBe(OK + LAST);
      caller.finish();
    }
    await drained(dataplane);
    await dataplane.recorded(100);
    expect(dataplane.records.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'ok')).toEqual([]);
  });

  it('goes on judging', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(ENFORCED, PORT, http);
    const caller = Peer.dial(ENFORCED, PORT).send(GET);
    await caller.got(OK);
    await drain(dataplane, Peer.dial(ENFORCED, PORT));
    caller.send('GET /admin HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await caller.got('connection: close')).toContain('HTTP/1.1 403');
    expect(await caller.end()).toBe('fin');
    caller.finish();
    await drained(dataplane);
  });

  it('closes connections that nobody uses any more, and leaves streams alone', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(FREE, PORT, (peer) => {
      peer.socket.on('data', (bytes) => peer.send(bytes));
    });
    const silent = Peer.dial(FREE, PORT);
    const stream = Peer.dial(FREE, PORT).send('\x01one');
    await stream.got('\x01one');
    dataplane.send({ kind: 'drain', graceMs: LONG_MS });
    expect(await silent.end()).toBe('fin');
    stream.send('two');
    await stream.got('two');
    expect([stream.ended, dataplane.drained]).toEqual([false, false]);
    // A shorter grace is heard while the longer one runs.
    dataplane.send({ kind: 'drain', graceMs: 0 });
    expect(await stream.end()).toBe('rst');
    await drained(dataplane);
    expect(dataplane.records.map(({ outcome }) => outcome).at(-1)).toBe('drained');
  });

  it('accepts nothing more, and refuses nobody: whoever comes waits for the next process', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(FREE, PORT, http);
    const caller = Peer.dial(FREE, PORT).send(GET);
    await caller.got(OK);
    dataplane.send({ kind: 'stop-listening', ns: 1 });
    caller.send(GET);
    await caller.got(OK + OK);
    const late = Peer.dial(FREE, PORT).send(GET);
    await eventually(() => expect(late.connected).toBe(true));
    caller.send(GET);
    await caller.got(OK + OK + OK);
    expect([late.text, late.closed]).toEqual(['', false]);
    dataplane.listen();
    await late.got(OK);
    for (const peer of [caller, late]) peer.finish();
  });
});
