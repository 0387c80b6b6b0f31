import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '../cluster/objects.ts';
import { containerProcess } from './environment.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    uid: 'u-1',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { 'app.kubernetes.io/name': 'web' },
  },
  spec: { nodeName: 'node-a', serviceAccountName: 'web', containers: [] },
};
const facts = {
  pod,
  podIps: ['10.0.0.2', 'fd00::2'],
  hostIps: ['172.20.1.1'],
  base: { PATH: '/bin', A: 'base' },
};

const process = (container: Partial<Container>) => containerProcess({ name: 'main', ...container }, facts);
const env = (...variables: NonNullable<Container['env']>) => {
  const made = process({ command: ['x'], env: variables });
  return made.ok ? made.value.env : made.error;
};
const field = (fieldPath: string) => ({ name: 'V', valueFrom: { fieldRef: { fieldPath } } });

describe('containerProcess', () => {
  it.each([
    ['metadata.name', 'web-1'],
    ['metadata.namespace', 'shop'],
    ['metadata.uid', 'u-1'],
    ["metadata.labels['app.kubernetes.io/name']", 'web'],
    ["metadata.annotations['none']", ''],
    ['spec.nodeName', 'node-a'],
    ['spec.serviceAccountName', 'web'],
    ['status.podIP', '10.0.0.2'],
    ['status.podIPs', '10.0.0.2,fd00::2'],
    ['status.hostIP', '172.20.1.1'],
  ])('resolves %s', (path, value) => {
    expect(env(field(path))).toMatchObject({ V: value });
  });

  it('puts the container’s own variables over the common ones', () => {
    expect(env({ name: 'A', value: 'own' })).toEqual({ PATH: '/bin', HOSTNAME: 'web-1', A: 'own' });
  });

  it('expands references to what is known so far, once', () => {
    const variables = [
      { name: 'B', value: '$(A)/$(C)' },
      { name: 'C', value: '$(B)' },
      { name: 'D', value: '$$(A) $A $(' },
    ];
    expect(env(...variables)).toMatchObject({ B: 'base/$(C)', C: 'base/$(C)', D: '$(A) $A $(' });
    const made = process({ command: ['echo', '$(A)'], args: ['$(nobody)'] });
    expect(made).toMatchObject({ ok: true, value: { argv: ['echo', 'base', '$(nobody)'] } });
  });

  it('says what it can not make', () => {
    expect(env(field('spec.color'))).toBe('environment variable `V`: no field `spec.color`');
    expect(env({ name: 'S', valueFrom: {} })).toContain('only `value` and `valueFrom.fieldRef`');
    expect(process({})).toMatchObject({ ok: false, error: expect.stringContaining('needs a `command`') });
  });
});
