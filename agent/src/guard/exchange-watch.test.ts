import { type Decision, type GuardAction, GuardProfiles } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aToken } from '../../testing/tokens.ts';
import { aWorkload } from '../../testing/workloads.ts';
import type { RequestView } from '../exchange/watch.ts';
import { Guards } from './guards.ts';

const ALLOWED: Decision = { verdict: 'allow', reason: 'ungoverned', policy: null, rule: null };
const orders = {
  key: 'k',
  ip: '10.0.0.1',
  port: 80,
  services: [{ namespace: 'shop', service: 'orders', port: 80 }],
};

const aRequest = (
  fields: Partial<Record<'path' | 'authorization' | 'apiKey', string>> = {},
): RequestView => ({
  method: 'GET',
  path: fields.path ?? '/orders/1',
  host: 'orders.shop',
  query: () => '',
  authorization: () => fields.authorization ?? '',
  cookie: () => '',
  apiKey: () => fields.apiKey ?? '',
  contentType: () => '',
  contentEncoding: () => '',
});

function setUp(actions: Record<string, GuardAction> = {}) {
  const quarantined: string[] = [];
  const guards = new Guards({
    node: 'n',
    wallClock: () => 1_000,
    idPrefix: 'x',
    maxOpenFindings: 100,
    findingQuietMs: 1_000,
    fingerprint: (secret) => `#${secret}`,
    quarantine: (uid) => quarantined.push(uid),
  });
  const detections = Object.entries(actions).map(([id, action]) => ({ id: id as 'foreign-token', action }));
  guards.replaceProfiles(GuardProfiles.empty().with({ upsert: [{ name: 'p', generation: 1, detections }] }));
  const watch = (caller = aWorkload(), destination: typeof orders = orders) =>
    guards.watcher({ caller, destination, scope: { expectation: () => null } }).watch();
  const found = () => guards.takeFindings().findings.map(({ detection, count }) => [detection, count]);
  return { guards, watch, found, quarantined };
}

const copied = `Bearer ${aToken({ sub: 'system:serviceaccount:pay:ledger' })}`;

test('an ordinary request passes and shows nothing', () => {
  const { watch, found } = setUp();
  expect(watch().request(aRequest(), ALLOWED, 0)).toBeNull();
  expect(found()).toEqual([]);
});

test('a copied token is reported for each request, and refused where the profile says so', () => {
  const { watch, found } = setUp();
  const watching = watch();
  for (let i = 0; i < 3; i++)
    expect(watching.request(aRequest({ authorization: copied }), ALLOWED, i)).toBeNull();
  expect(found()).toEqual([['foreign-token', 3]]);

  const strict = setUp({ 'foreign-token': 'Block' });
  expect(strict.watch().request(aRequest({ authorization: copied }), ALLOWED, 0)).toMatchObject({
    status: 403,
    decision: { reason: 'blocked_by_guard', rule: 'foreign-token' },
  });
});

test('a finding about an administrative endpoint names its template, never the path', () => {
  const { guards, watch } = setUp();
  watch().request(aRequest({ path: '/actuator/env/secret-name' }), ALLOWED, 0);
  const { findings } = guards.takeFindings();
  expect(findings).toMatchObject([{ detection: 'admin-endpoint', evidence: { endpoint: '/actuator/**' } }]);
  expect(JSON.stringify(findings)).not.toContain('secret-name');
});

test('the metadata service and quarantine', () => {
  const { watch, found, quarantined } = setUp({ 'metadata-access': 'Quarantine' });
  const metadata = { ...orders, ip: '169.254.169.254', services: [] };
  expect(watch(aWorkload(), metadata).request(aRequest(), ALLOWED, 0)).toMatchObject({ status: 403 });
  expect(quarantined).toEqual([aWorkload().uid]);
  expect(found()).toEqual([['metadata-access', 1]]);
});
