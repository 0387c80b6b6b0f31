import type { ApiPolicy, Limit } from '@eastwall/policy';
import { describe, expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, PORT, policyFor } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

async function limited(limits: readonly Limit[]): Promise<DataplaneProcess> {
  const dataplane = await DataplaneProcess.start();
  const policy = policyFor('enforced', 'Enforce');
  const rules = policy.rules.map((rule) => ({ ...rule, limits }));
  const upsert: ApiPolicy[] = [{ ...policy, rules }];
  dataplane.send({ kind: 'policies', upsert, remove: [] });
  return dataplane;
}

describe('limits', () => {
  it('are answered with 429 on a connection that goes on, and say when to come back', async () => {
    await using dataplane = await limited([{ key: 'Pod', rate: '2/h' }]);
    await using _server = await TestServer.listen(ENFORCED, PORT, (peer) =>
      peer.socket.on('data', () => peer.send(OK)),
    );
    const caller = Peer.dial(ENFORCED, PORT);
    caller.send(GET);
    await caller.got(OK);
    caller.send(GET);
    await caller.got(`${OK}${OK}`);
    caller.send(GET);
    const text = await caller.got('"decision"');
    expect(text).toContain('HTTP/1.1 429 Too Many Requests\r\n');
    expect(text).toMatch(
      /\r\nretry-after: 1[78]\d\d\r\nratelimit-policy: "read";q=2;w=3600\r\nratelimit: "read";r=0;t=1[78]\d\d\r\n/,
    );
    // A denial, and the connection, go on.
    caller.send('POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    await eventually(() => expect(caller.text.split(OK)).toHaveLength(4));
    await dataplane.recorded(4);
    expect(dataplane.records.map(({ reason, status }) => [reason, status])).toEqual([
      ['allowed_by_rule', 200],
      ['allowed_by_rule', 200],
      ['rate_limited', 429],
      ['allowed_by_rule', 200],
    ]);
    caller.breakOff();
  });

  it('of concurrency are given back however an exchange ends', async () => {
    await using dataplane = await limited([{ key: 'Pod', concurrency: 2 }]);
    await using server = await TestServer.listen(ENFORCED, PORT);
    const ask = () => Peer.dial(ENFORCED, PORT).send(GET);
    // By the caller, by the server, by the end of the response, in turn.
    for (let round = 0; round < 20; round++) {
      const [a, b] = [ask(), ask()];
      const first = await server.accepted(2 * round + round);
      const second = await server.accepted(2 * round + round + 1);
      await first.got(GET);
      await second.got(GET);
      const refused = ask();
      expect(await refused.got('"decision"')).toContain('concurrency_limited');
      refused.breakOff();
      a.breakOff();
      if (round % 2 === 0) second.breakOff();
      else second.send(OK);
      await (round % 2 === 0 ? b.end() : b.got(OK));
      b.breakOff();
      await dataplane.recorded(3 * (round + 1));
    }
    const { length } = dataplane.records.filter(({ reason }) => reason === 'concurrency_limited');
    expect(length).toBe(20);
  });

  it('are kept while nobody answers for tokens, and nobody waits', async () => {
    await using dataplane = await limited([{ key: 'All', rate: '20/h', onStoreFailure: 'Closed' }]);
    await using _server = await TestServer.listen(ENFORCED, PORT, (peer) =>
      peer.socket.on('data', () => peer.send(OK)),
    );
    const caller = Peer.dial(ENFORCED, PORT).send(GET);
    await caller.got(OK);
    await eventually(() => expect(dataplane.asks.length).toBeGreaterThan(0));
    await eventually(() => {
      caller.send(GET);
      expect(caller.text).toContain('limits_unavailable');
    });
    expect(dataplane.asks[0]).toMatchObject({
      key: 'api:shop/enforced:read/0|20/3600000000/10|All|all',
      owed: 1,
    });
    caller.breakOff();
  });
});
