import { parseApiPolicy } from '@eastwall/policy';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { aFinding } from '../../../testing/findings.ts';
import { expectationLines } from './expectation.ts';
import { findingText } from './finding-text.ts';

const job = aFinding({
  detection: 'undeclared-batch',
  severity: 'info',
  caller: {
    namespace: 'shop',
    kind: 'CronJob',
    name: 'reconcile',
    serviceAccount: 'jobs',
    pod: 'reconcile-29401445-x7k2p',
  },
  evidence: { distinctIds: 1_410, requests: 1_500 },
});

describe('the expectation of a job', () => {
  it('is part of a policy as it stands', () => {
    const { expectations } = parse(expectationLines(job).join('\n')) as { expectations: object[] };
    expect(expectations).toEqual([
      {
        name: 'reconcile',
        from: [{ serviceAccount: 'jobs' }],
        to: [{ methods: ['GET'], path: '/orders/{orderId}' }],
        distinctPerRun: 2_200,
        schedule: '5 16 * * *',
        runSeconds: 3_600,
      },
    ]);
    const spec = {
      target: { services: ['orders'] },
      mode: 'Audit',
      rules: [{ name: 'all', action: 'Allow' }],
    };
    const policy = {
      apiVersion: 'eastwall.dev/v1alpha1',
      kind: 'ApiPolicy',
      metadata: { name: 'orders', namespace: 'shop' },
      spec: { ...spec, expectations },
    };
    expect(parseApiPolicy(policy)).toMatchObject({ ok: true });
  });

  it('is shown with its finding, and with no other', () => {
    const style = { paint: (_: unknown, text: string) => text, wide: false, columns: 80, now: 0 };
    expect(findingText(job, style)).toContain('    distinctPerRun: 2200\n');
    expect(findingText(job, style)).not.toContain('see:');
    expect(findingText(aFinding(), style)).not.toContain('expectations:');
  });

  it('names the namespace of a job that is elsewhere, and a time also without the controller’s name', () => {
    const lines = expectationLines({
      ...job,
      caller: { ...job.caller, namespace: 'batch', pod: 'by-hand' },
    }).join('\n');
    expect(lines).toContain('serviceAccount: batch/jobs');
    expect(lines).toContain('schedule: "4 3 * * *"');
  });
});
