import { expect, onTestFinished, test } from 'vitest';
import { fakeAgent, fakeFleet } from '../../testing/agent-link.ts';
import { deniedRecord } from '../../testing/flow-record.ts';
import { anAsking } from '../../testing/terminal.ts';
import { explain as explanationOf } from '../admin/explanation.ts';
import { explain } from './explain.ts';
import { EXIT } from './terminal.ts';

const record = deniedRecord({ id: 'ew-7' });
const KEPT = JSON.stringify({ record, explanation: explanationOf(record) });

/** Asks one agent that keeps the record, or does not, and one that answers this. */
async function asked(id: string, body: string, code = 200) {
  const agents = [
    await fakeAgent('on a', (request, response) =>
      request.url === '/explain/ew-7' ? response.end(KEPT) : response.writeHead(404).end(),
    ),
    await fakeAgent('on b', (_, response) => response.writeHead(code).end(body)),
  ];
  onTestFinished(() => {
    for (const agent of agents) agent.close();
  });
  const { asking, written } = anAsking(fakeFleet(agents.map(({ link }) => link)));
  return { written, code: await explain(asking, { id }) };
}

test.each(['<html></html>', 'null', '{"record":7}'])(
  'one agent that answers %s does not keep another from explaining',
  async (body) => {
    const { code, written } = await asked('ew-7', body);
    expect(code).toBe(EXIT.ok);
    expect(written.out).toContain('ew-7: denied');
    expect(written.error).toBe(
      'eastwall: agent on b: its answer is not understood; is it an agent, and of another version?\n',
    );
  },
);

test('what nobody keeps is not there, and who did not answer is named', async () => {
  const { code, written } = await asked('ew-8', '', 503);
  expect(code).toBe(EXIT.failed);
  expect(written.error).toMatch(/^eastwall: agent on b: it answers 503\neastwall: no record of `ew-8`/);
});

test('a page that is no answer of an agent is one line', async () => {
  const { written } = await asked('ew-8', '\n<html>\n<p>Bad gateway</p>\n</html>', 502);
  expect(written.error).toMatch(/^eastwall: agent on b: <html>\n/);
});
