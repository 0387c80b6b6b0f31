import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { anAsking } from '../../testing/terminal.ts';
import { type AdminSources, adminRoutes } from '../admin/routes.ts';
import { FlowLog } from '../sinks/flow-log.ts';
import { type TailOptions, tail } from './tail.ts';
import { EXIT } from './terminal.ts';

/** An agent's admin socket with only records behind it. */
async function anAgent() {
  const directory = mkdtempSync(join(tmpdir(), 'eastwall-tail-'));
  const flows = new FlowLog({ capacity: 10, maxSubscribers: 2, queue: 10 }, () => {});
  const routes = adminRoutes({ flows } as unknown as AdminSources);
  const server = createServer((request, response) => {
    void routes(new URL(request.url ?? '/', 'http://agent')).then((reply) => {
      if ('stream' in reply) reply.stream(response);
      else response.writeHead(reply.status).end(reply.body);
    });
  });
  const socket = join(directory, 'admin.sock');
  await new Promise<void>((done) => server.listen(socket, done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });
  const shown = async (options: Omit<TailOptions, 'follow'> = {}) => {
    const { asking, written } = anAsking([socket]);
    const code = await tail(asking, { ...options, follow: false });
    return { code, ...written };
  };
  return { flows, shown };
}

test('shows what is kept and was blocked, of pods with the labels that are asked for', async () => {
  const { flows, shown } = await anAgent();
  flows.append([flowRecord({ id: 'ew-1' }), deniedRecord({ id: 'ew-2' })]);
  const blocked = await shown({ fromLabels: 'app=frontend' });
  expect(blocked).toMatchObject({ code: EXIT.ok, error: '' });
  expect(blocked.out.trim().split('\n')).toEqual([expect.stringMatching(/DENY .* ew-2$/)]);
  expect((await shown({ fromLabels: 'app!=frontend' })).out).toBe('');
});

test('shows what it does not understand, as of an agent of another version, as it came', async () => {
  const { flows, shown } = await anAgent();
  const strange = { ...deniedRecord({ id: 'ew-1' }), verdict: 'postponed' as 'deny' };
  flows.append([strange, deniedRecord({ id: 'ew-2' })]);
  const { code, out } = await shown({ all: true });
  expect(code).toBe(EXIT.ok);
  const [first = '', second] = out.trim().split('\n');
  expect(JSON.parse(first)).toMatchObject({ id: 'ew-1', verdict: 'postponed' });
  expect(second).toMatch(/DENY .* ew-2$/);
});

test('says that there is nothing, where a reader would wonder', async () => {
  const { flows, shown } = await anAgent();
  flows.append([flowRecord()]);
  const nothing = await shown();
  expect(nothing).toMatchObject({ code: EXIT.ok, out: '' });
  expect(nothing.error).toBe(
    'eastwall: nothing is kept that was blocked, or would be; `--all` shows what is allowed, too, while it runs\n',
  );
  expect((await shown({ all: true })).error).toBe('');
  expect((await shown({ all: true, from: 'nobody' })).error).toBe('eastwall: no such records are kept\n');
});

test('refuses labels that are none before it asks anybody', async () => {
  const { shown } = await anAgent();
  expect(await shown({ fromLabels: 'a b' })).toMatchObject({
    code: EXIT.usage,
    error: 'eastwall: --from-labels: unable to parse requirement: `a b`\n',
  });
});
