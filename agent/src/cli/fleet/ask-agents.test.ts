import { expect, onTestFinished, test } from 'vitest';
import { fakeAgent, fakeFleet } from '../../../testing/agent-link.ts';
import { agentStatus } from '../../../testing/agent-status.ts';
import { anAsking } from '../../../testing/terminal.ts';
import { status } from '../status.ts';
import { EXIT } from '../terminal.ts';

async function asked(body: string, code = 200) {
  const agents = [
    await fakeAgent('on a', (_, response) => response.end(JSON.stringify(agentStatus()))),
    await fakeAgent('on b', (_, response) => response.writeHead(code).end(body)),
  ];
  onTestFinished(() => {
    for (const agent of agents) agent.close();
  });
  const { asking, written } = anAsking(fakeFleet(agents.map(({ link }) => link)));
  return { written, text: () => status(asking, {}), data: () => status(asking, { output: 'json' }) };
}

test.each(['<html></html>', '{"node":"b"', '{"node":7}', 'null'])(
  'one agent that answers %s does not keep the others from being shown',
  async (body) => {
    const { written, text, data } = await asked(body);
    expect(await text()).toBe(EXIT.partial);
    expect(written.out).toContain('node node-1: ready');
    expect(written.error).toBe(
      'eastwall: agent on b: its answer is not understood; is it an agent, and of another version?\n',
    );
    written.out = '';
    expect(await data()).toBe(EXIT.partial);
    expect(JSON.parse(written.out)).toMatchObject({
      agents: [{ node: 'node-1' }],
      missing: [{ agent: 'on b' }],
    });
  },
);

test('an agent of another version is shown to programs as it is', async () => {
  const { written, text, data } = await asked(
    JSON.stringify({ ...agentStatus(), node: 'b', sinks: undefined }),
  );
  expect(await text()).toBe(EXIT.partial);
  written.out = '';
  expect(await data()).toBe(EXIT.ok);
  expect(JSON.parse(written.out)).toMatchObject({ agents: [{ node: 'b' }, { node: 'node-1' }], missing: [] });
});

test('what an agent says of its trouble can not move the cursor', async () => {
  const { written, text } = await asked('\u001b[2Jbad\u202e', 503);
  expect(await text()).toBe(EXIT.partial);
  expect(written.error).toBe('eastwall: agent on b: \\x1b[2Jbad\\u{202e}\n');
});
