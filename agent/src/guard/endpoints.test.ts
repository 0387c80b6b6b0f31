import { DEFAULT_GUARDS } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aWorkload } from '../../testing/workloads.ts';
import { AdminEndpoints, metadataAccess } from './endpoints.ts';

const destination = (ip: string) => ({ key: ip, ip, port: 80, services: [] });

test.each(['169.254.169.254', 'fd00:ec2::254', '100.100.100.200'])('%s hands out credentials', (ip) => {
  expect(metadataAccess(destination(ip))).toMatchObject({
    detection: 'metadata-access',
    evidence: { address: ip },
  });
  expect(metadataAccess(destination('169.254.169.253'))).toBeNull();
});

const endpoints = new AdminEndpoints();

test.each([
  ['/actuator/env', 'admin-endpoint'],
  ['/debug/pprof/heap', 'admin-endpoint'],
  ['/%61ctuator/env', 'admin-endpoint'],
  ['/.git/config', 'admin-endpoint'],
  ['/orders/1', null],
  ['/actuators', null],
])('%s by a stranger: %s', (path, detection) => {
  expect(endpoints.check(aWorkload(), path, DEFAULT_GUARDS)?.detection ?? null).toBe(detection);
});

test('who collects metrics may ask for metrics, and for nothing else', () => {
  const prometheus = aWorkload({ labels: { 'app.kubernetes.io/name': 'prometheus' } });
  expect(endpoints.check(prometheus, '/metrics', DEFAULT_GUARDS)).toBeNull();
  expect(endpoints.check(aWorkload(), '/metrics', DEFAULT_GUARDS)).toMatchObject({ severity: 'low' });
  expect(endpoints.check(prometheus, '/actuator/heapdump', DEFAULT_GUARDS)).not.toBeNull();
});

test('operators may ask for all of them', () => {
  const settings = { ...DEFAULT_GUARDS, isOperator: () => true };
  expect(endpoints.check(aWorkload(), '/actuator/env', settings)).toBeNull();
});
