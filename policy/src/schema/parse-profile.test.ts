import { expect, test } from 'vitest';
import { DETECTION_IDS, DETECTIONS } from '../detect/detections.ts';
import { formatProblem, parseGuardProfile } from './parse.ts';

const object = (spec: object) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'GuardProfile',
  metadata: { name: 'shop', generation: 3, uid: 'u' },
  spec,
});

const problems = (spec: object): string[] => {
  const parsed = parseGuardProfile(object(spec));
  return parsed.ok ? [] : parsed.error.map(formatProblem);
};

test('reads every field', () => {
  const spec = {
    namespaces: ['shop'],
    alertBudgetPerWeek: 2,
    detections: [{ id: 'object-enumeration', action: 'Throttle' }],
    enumeration: { warmupRequests: 50, warmupSeconds: 60, rolloutSeconds: 5, windowSeconds: 10 },
    adminPaths: ['/actuator/**'],
    operators: [{ serviceAccount: 'monitoring/prometheus' }, { namespace: 'ops', labels: { role: 'probe' } }],
  };
  expect(parseGuardProfile(object(spec))).toEqual({
    ok: true,
    value: { name: 'shop', generation: 3, ...spec },
  });
  expect(parseGuardProfile(object({}))).toMatchObject({ ok: true });
});

test('takes `Disabled` for `Off`', () => {
  const detections = [{ id: 'quic-egress', action: 'Disabled' }];
  expect(parseGuardProfile(object({ detections }))).toMatchObject({
    ok: true,
    value: { detections: [{ id: 'quic-egress', action: 'Off' }] },
  });
});

test.each(DETECTION_IDS)('%s can be refused inline only if it shows in a request', (id) => {
  for (const action of ['Throttle', 'Block'])
    expect(problems({ detections: [{ id, action }] }).length === 0).toBe(DETECTIONS[id].inline);
  expect(problems({ detections: [{ id, action: 'Quarantine' }] })).toEqual([]);
});

test('says everything that is wrong at once, with its place', () => {
  expect(
    problems({
      alertBudgetPerWeek: 0,
      detections: [
        { id: 'new-edge', action: 'Block' },
        { id: 'new-edge', action: 'log' },
        { id: 'made-up', action: 'Log' },
      ],
      adminPaths: ['metrics'],
      operators: [{ serviceAccount: 'prometheus' }],
      mode: 'Enforce',
    }),
  ).toEqual([
    'spec.alertBudgetPerWeek: at least 1',
    'spec.detections[0].action: `new-edge` does not show in a single request, so none can be refused for it (`Log` or `Quarantine`)',
    expect.stringContaining('spec.detections[1].action: expected `Disabled`, `Off`, `Log`'),
    expect.stringContaining('spec.detections[2].id: expected `object-enumeration`'),
    'spec.detections[1].id: `new-edge` is there twice',
    'spec.adminPaths[0]: column 1: must begin with `/`',
    'spec.operators[0]: names no namespace (`namespace`, or a service account as `namespace/name`)',
    'spec.mode: unknown field',
  ]);
});
