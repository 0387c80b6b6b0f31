import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminGet, eventuallyAsync, statusOf } from '../support/agent.ts';
import { Files } from './files.ts';
import { clientFile, serverFile, serving } from './topology.ts';
import { bash, type Exchange, HERE, START_MS, Twins } from './twins.ts';

const GIB = 1 << 30;
/** What passing a body may add to a dataplane: room for buffers and for its runtime to be lazy, not for the body. */
const GROWTH = 64 << 20;

const files = new Files();
let twins: Twins;
let checksum: string;

beforeAll(async () => {
  const config = files.nginx();
  checksum = files.noise('files/huge.bin', GIB);
  twins = await Twins.start(
    serving([
      { name: 'web', command: ['nginx', '-p', files.path, '-c', config], ports: [8080] },
      { name: 'reflect', command: ['node', serverFile('reflect.mjs')], ports: [8080] },
    ]),
    ['--tail-queue', '20000'],
  );
}, START_MS);
afterAll(async () => {
  await twins?.[Symbol.asyncDispose]();
  files[Symbol.dispose]();
});

const http1 = (service: string, line: string): Exchange => ({
  service,
  protocol: 'http1',
  command: bash(line),
  timeoutMs: 110_000,
});

/** What the largest dataplane takes; it has not said so yet when it has just been started. */
const residentBytes = (): Promise<number> =>
  eventuallyAsync(async () => {
    const { dataplanes } = await statusOf(twins.sandbox, HERE);
    const largest = Math.max(...dataplanes.map(({ rssBytes }) => rssBytes));
    expect(largest).toBeGreaterThan(0);
    return largest;
  });

/** How far a dataplane's memory went beyond what it was before while `act` ran. */
async function growthDuring(act: Promise<unknown>): Promise<number> {
  const before = await residentBytes();
  let highest = before;
  let running = true;
  const done = act.finally(() => {
    running = false;
  });
  while (running) {
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 250))]);
    highest = Math.max(highest, await residentBytes());
  }
  await done;
  return highest - before;
}

describe('1 GiB over HTTP/1.1', () => {
  test.each([
    ['web', 'download', 'curl -sS http://web.apps:8080/huge.bin | sha256sum'],
    ['reflect', 'upload', `curl -sS -T ${files.join('files/huge.bin')} http://reflect.apps:8080/up`],
    [
      'reflect',
      'upload in chunks',
      `curl -sS -T - http://reflect.apps:8080/up <${files.join('files/huge.bin')}`,
    ],
  ])('%s: %s', { timeout: 300_000 }, async (service, _name, line) => {
    const exchange = twins.same(http1(service, line));
    expect(await growthDuring(exchange)).toBeLessThan(GROWTH);
    expect((await exchange).stdout).toContain(checksum);
  });
});

describe('many connections', () => {
  test('5,000 open at once are all answered', { timeout: 300_000 }, async () => {
    const command = ['node', clientFile('crowd.mjs'), 'reflect.apps', '8080', '5000'];
    const { stdout } = await twins.same({
      ...http1('reflect', ''),
      command,
      outcomes: ['ok'],
      exchanges: 2000,
    });
    expect(stdout).toBe('5000 open\n5000 answered\n');
  });

  test('wrk with 256 connections sees no error', async () => {
    const before = await exchangesTo('apps/web:8080');
    const line = `wrk -t 2 -c 256 -d 5s --timeout 10s http://web.apps:8080/hello | grep -E 'requests in|Socket errors|Non-2xx'`;
    for (const pod of ['apps/direct', 'apps/captured']) {
      const { code, stdout } = await twins.sandbox.exec(pod, ['sh', '-c', line]);
      expect(code).toBe(0);
      expect(stdout, pod).toMatch(/^\s*\d+ requests in [^\n]*\n$/);
      if (pod === 'apps/captured') {
        const requests = Number(/\d+/.exec(stdout)?.[0]);
        await eventuallyAsync(async () =>
          expect((await exchangesTo('apps/web:8080')) - before).toBeGreaterThanOrEqual(requests),
        );
      }
    }
  });
});

/** Exchanges that the agent has counted: that many records are more than anybody takes from it. */
async function exchangesTo(destination: string): Promise<number> {
  const metrics = await adminGet(twins.sandbox.agentSocket(HERE), '/metrics');
  return metrics
    .split('\n')
    .filter(
      (line) => line.startsWith('eastwall_exchanges_total{') && line.includes(`destination="${destination}"`),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
