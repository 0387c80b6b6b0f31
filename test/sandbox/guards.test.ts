import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { aToken } from '../../agent/testing/tokens.ts';
import { curl, eventuallyAsync, findingsOf, flowsOf, guardProfile, statusOf } from '../support/agent.ts';
import { TALK, TOPOLOGY } from './topology.ts';

const FRONTEND = 'shop/frontend';
const RUNNER = 'ci/ci-runner';
const PROFILES = 'guardprofiles.eastwall.dev';

/** What takes minutes by default. */
const DRIFT = ['--drift-after-connections=5', '--drift-after=0s'];

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({ topology: { ...TOPOLOGY, agents: { args: DRIFT } } });
});
afterAll(() => sandbox?.stop());

/** The finding of this kind about that caller, once there is one. */
const finding = (detection: string, caller: string) =>
  eventuallyAsync(async () => {
    const found = (await findingsOf(sandbox, 'node-a')).find(
      (one) => one.detection === detection && one.caller.name === caller && one.state === 'open',
    );
    expect(found).toBeDefined();
    return found;
  });

const tokenOf = (account: string) =>
  `authorization: Bearer ${aToken({ sub: `system:serviceaccount:${account}` })}`;

test('a token of another service account is a finding, and refused once the profile says so', async () => {
  const call = () => curl(sandbox, RUNNER, '-H', tokenOf('shop:frontend'), 'http://web.shop/orders/1');
  expect(await call()).toMatchObject({ status: 200 });
  expect(await finding('foreign-token', 'ci-runner')).toMatchObject({
    severity: 'critical',
    destination: 'shop/web:80',
    action: 'log',
    explanation: 'sends a token of service account shop/frontend, and is ci/ci-runner',
  });

  await sandbox.apply([
    guardProfile('ci', { namespaces: ['ci'], detections: [{ id: 'foreign-token', action: 'Block' }] }),
  ]);
  const refused = await eventuallyAsync(async () => {
    const answer = await call();
    expect(answer.status).toBe(403);
    return answer;
  });
  expect(JSON.parse(refused.body)).toMatchObject({ reason: 'blocked_by_guard', rule: 'foreign-token' });
  expect(
    await curl(sandbox, FRONTEND, '-H', tokenOf('shop:frontend'), 'http://web.shop/orders/1'),
  ).toMatchObject({ status: 200 });
  const denial = { verdict: 'deny', reason: 'blocked_by_guard', rule: 'foreign-token' };
  await eventuallyAsync(async () => expect((await flowsOf(sandbox, 'node-a')).at(-1)).toMatchObject(denial));
  await sandbox.remove(PROFILES, undefined, 'ci');
  await eventuallyAsync(async () => expect((await call()).status).toBe(200));
});

test('a stranger at an administrative endpoint is a finding that names no value', async () => {
  await curl(sandbox, FRONTEND, 'http://web.shop/actuator/env/DB_PASSWORD');
  const found = await finding('admin-endpoint', 'frontend');
  expect(found).toMatchObject({ evidence: { endpoint: '/actuator/**' } });
  expect(JSON.stringify(found)).not.toContain('DB_PASSWORD');
});

test('a tunnel to what has spoken HTTP is a finding', async () => {
  for (let call = 0; call < 5; call++) await curl(sandbox, FRONTEND, 'http://raw.shop/');
  await sandbox.exec(RUNNER, ['sh', '-c', `printf 'SSH-2.0-x\\r\\n' | node ${TALK} raw.shop 80`]);
  expect(await finding('protocol-drift', 'ci-runner')).toMatchObject({
    destination: 'shop/raw:80',
    evidence: { spoken: 'opaque' },
  });
});

test('a quarantined pod gets nothing and is told why, until the annotation is gone', async () => {
  const annotate = (value: string | null) =>
    sandbox.kubectl([
      'annotate',
      '-n',
      'ci',
      'pod',
      'ci-runner',
      `eastwall.dev/quarantine${value === null ? '-' : `=${value}`}`,
    ]);
  const call = () => curl(sandbox, RUNNER, 'http://web.shop/orders/1');
  expect((await call()).status).toBe(200);
  await annotate('true');
  const refused = await eventuallyAsync(async () => {
    const answer = await call();
    expect(answer.status).toBe(403);
    return answer;
  });
  expect(JSON.parse(refused.body)).toMatchObject({ reason: 'quarantined' });
  const { pods } = await statusOf(sandbox, 'node-a');
  expect(pods.flatMap(({ pod, quarantined }) => (quarantined === null ? [] : [[pod, quarantined]]))).toEqual([
    ['ci-runner', 'annotation'],
  ]);
  expect((await curl(sandbox, FRONTEND, 'http://web.shop/orders/1')).status).toBe(200);
  await annotate(null);
  await eventuallyAsync(async () => expect((await call()).status).toBe(200));
});
