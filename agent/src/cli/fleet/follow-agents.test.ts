import { afterEach, expect, it, vi } from 'vitest';
import { type FakeAgent, fakeAgent, fakeFleet } from '../../../testing/agent-link.ts';
import { flowRecord } from '../../../testing/flow-record.ts';
import { anAsking } from '../../../testing/terminal.ts';
import { tail } from '../tail.ts';
import { EXIT } from '../terminal.ts';

const PATIENCE = { timeout: 15_000, interval: 10 };
const agents: FakeAgent[] = [];
afterEach(() => {
  for (const agent of agents.splice(0)) agent.close();
});

/** An agent that sends the records given, and goes on as long as it is let; it keeps what it was asked. */
async function anAgent(name: string, records: readonly { id: string; time: number }[]) {
  const asked: string[] = [];
  const agent = await fakeAgent(name, (request, response) => {
    asked.push(request.url ?? '');
    for (const record of records) response.write(`${JSON.stringify(flowRecord(record))}\n`);
    response.flushHeaders();
  });
  agents.push(agent);
  return { ...agent, asked };
}

const ids = (out: string): string[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).id);

it('shows what agents have kept in one order, and ends with the signal', async () => {
  const one = await anAgent('on a', [
    { id: 'a-1', time: 100 },
    { id: 'a-2', time: 300 },
  ]);
  const two = await anAgent('on b', [{ id: 'b-1', time: 200 }]);
  const ending = new AbortController();
  const { asking, written } = anAsking(fakeFleet([one.link, two.link]), ending);
  const tailing = tail(asking, { follow: true, json: true, since: '2026-01-01T00:00:00Z' });
  await vi.waitFor(() => expect(ids(written.out)).toEqual(['a-1', 'b-1', 'a-2']), PATIENCE);
  ending.abort();
  expect(await tailing).toBe(EXIT.ok);
  expect(written.error).toBe('');
});

it('takes a stream up again from a little before it broke off, and shows nothing twice', async () => {
  const records = [
    { id: 'a-1', time: 1_000_000 },
    { id: 'a-2', time: 1_090_000 },
  ];
  const one = await anAgent('on a', records);
  const ending = new AbortController();
  const { asking, written } = anAsking(fakeFleet([one.link]), ending);
  const tailing = tail(asking, { follow: true, json: true });
  await vi.waitFor(() => expect(ids(written.out)).toEqual(['a-1', 'a-2']), PATIENCE);
  records.push({ id: 'a-3', time: 1_060_000 });
  one.drop();
  await vi.waitFor(() => expect(ids(written.out)).toEqual(['a-1', 'a-2', 'a-3']), PATIENCE);
  ending.abort();
  expect(await tailing).toBe(EXIT.ok);
  expect(one.asked).toEqual(['/flows?', '/flows?since=1030000']);
});

it('goes on with the others when one can not be reached, says so once, and ends as partial', async () => {
  const one = await anAgent('on a', [{ id: 'a-1', time: 1 }]);
  const gone = await fakeAgent('on b', () => {});
  gone.close();
  const ending = new AbortController();
  const { asking, written } = anAsking(fakeFleet([one.link, gone.link]), ending);
  const tailing = tail(asking, { follow: true, json: true });
  await vi.waitFor(() => expect(ids(written.out)).toEqual(['a-1']), PATIENCE);
  ending.abort();
  expect(await tailing).toBe(EXIT.partial);
  expect(written.error).toBe('eastwall: agent on b: the agent behind it is not running\n');
});

it('forgets an agent that has gone from a cluster', async () => {
  const [one, two] = [await anAgent('on a', []), await anAgent('on b', [{ id: 'b-1', time: 1 }])];
  const ending = new AbortController();
  const fleet = fakeFleet([one.link, two.link]);
  const { asking, written } = anAsking(fleet, ending);
  const tailing = tail(asking, { follow: true, json: true });
  await vi.waitFor(() => expect(ids(written.out)).toEqual(['b-1']), PATIENCE);
  const find = vi.spyOn(fleet, 'find');
  fleet.links = [two.link];
  one.close();
  await vi.waitFor(() => expect(find).toHaveBeenCalled(), PATIENCE);
  ending.abort();
  expect(await tailing).toBe(EXIT.ok);
  expect(written.error).toBe('');
});

it('ends when there is nobody to follow', async () => {
  const gone = await fakeAgent('at /a', () => {});
  gone.close();
  const { asking } = anAsking(fakeFleet([gone.link]));
  expect(await tail(asking, { follow: true })).toBe(EXIT.failed);

  const one = await anAgent('at /b', []);
  const fleet = fakeFleet([one.link], false);
  const { asking: local, written } = anAsking(fleet);
  const tailing = tail(local, { follow: true });
  await vi.waitFor(() => expect(one.asked).toHaveLength(1), PATIENCE);
  fleet.links = [];
  one.close();
  expect(await tailing).toBe(EXIT.failed);
  expect(written.error).toBe('eastwall: agent at /b: it is gone\n');
});
