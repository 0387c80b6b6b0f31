import { DETECTION_IDS, REASONS } from '@eastwall/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aFinding } from '../../testing/findings.ts';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { leftOut, violations } from '../../testing/ocsf-schema.ts';
import { FINDING_ACTIONS, type Finding } from '../record/finding.ts';
import type { FlowRecord, Outcome, Protocol } from '../record/record.ts';
import { exchangeEvent, findingEvent } from './agent-event.ts';
import { ocsfEvent } from './ocsf.ts';

const REPORTER = { node: 'node-1', version: '0.1.0', paths: 'template' } as const;

const written = (record: FlowRecord, paths: 'template' | 'raw' = 'template') =>
  ocsfEvent(exchangeEvent(record), { ...REPORTER, paths });

function writtenFinding(finding: Finding, before: Finding | null = null) {
  const event = findingEvent(finding, before);
  if (event === null) throw new Error('no event');
  return ocsfEvent(event, REPORTER);
}

describe('an exchange in OCSF', () => {
  it('says who was refused what, where, by which rule, and why', () => {
    const record = deniedRecord({
      template: '/orders/{orderId}',
      rule: 'read',
      durationMs: 2.6,
      time: 1_000.2,
    });
    expect(written(record)).toMatchObject({
      class_uid: 4002,
      type_uid: 400_203,
      type_name: 'HTTP Activity: Get',
      time: 1_000,
      end_time: 1_003,
      severity: 'Medium',
      action: 'Denied',
      disposition: 'Blocked',
      status_id: 2,
      status_code: 'no_rule_allows',
      metadata: { uid: 'ew-1', version: '1.5.0', product: { name: 'Eastwall', version: '0.1.0' } },
      actor: { app_name: 'shop/Deployment/frontend', user: { name: 'system:serviceaccount:shop:frontend' } },
      src_endpoint: { name: 'frontend-5d9c7-x2x4z' },
      dst_endpoint: { ip: '10.96.0.10', port: 80, svc_name: 'shop/orders' },
      policy: { name: 'shop/orders', is_applied: true },
      firewall_rule: { name: 'read' },
      http_request: { http_method: 'GET', url: { hostname: 'orders.shop', path: '/orders/{orderId}' } },
      http_response: { code: 403 },
    });
  });

  it('names a path by its template, and not at all while that is not known', () => {
    const secret = { path: '/orders/s3cret' };
    expect(JSON.stringify(written(deniedRecord({ ...secret, template: '/orders/{orderId}' })))).not.toContain(
      's3cret',
    );
    const unknown = written(deniedRecord(secret));
    expect(JSON.stringify(unknown)).not.toContain('s3cret');
    expect(violations(unknown)).toEqual([]);
    expect(JSON.stringify(written(deniedRecord(secret), 'raw'))).toContain('/orders/s3cret');
  });

  it('is one of the network where no request was read', () => {
    const tls = deniedRecord({ protocol: 'tls', method: '', path: '', host: 'api.example', status: 0 });
    expect(written(tls)).toMatchObject({ class_uid: 4001, activity_name: 'Refuse' });
  });

  it('says by its activity alone what the schema has no method for', () => {
    const patch = written(deniedRecord({ method: 'PATCH' }));
    expect(patch).toMatchObject({ activity_id: 99, activity_name: 'PATCH' });
    expect(patch).not.toHaveProperty('http_request.http_method');
  });

  it('passed, as far as Audit goes', () => {
    const audited = written(flowRecord({ verdict: 'would-deny', reason: 'no_rule_allows' }));
    expect(audited).toMatchObject({
      action: 'Allowed',
      disposition: 'Detected',
      status: 'Success',
      severity_id: 1,
    });
  });

  it('is valid by the schema, whatever the exchange', () => {
    const text = fc.string({ maxLength: 20 });
    const outcomes: readonly Outcome[] = [
      'ok',
      'denied',
      'malformed_request',
      'malformed_response',
      'identity_unknown',
    ];
    const protocols: readonly Protocol[] = ['http1', 'h2', 'tls', 'opaque', 'unknown'];
    fc.assert(
      fc.property(
        fc.record({
          protocol: fc.constantFrom(...protocols),
          outcome: fc.constantFrom(...outcomes),
          verdict: fc.constantFrom('allow', 'deny', 'would-deny'),
          reason: fc.constantFrom('bad_chunk', ...Object.keys(REASONS)),
          method: fc.constantFrom('', 'GET', 'PATCH', 'PROPFIND'),
          host: fc.constantFrom('', 'orders.shop', '[::1]:80'),
          template: fc.constantFrom('', '/orders/{id}'),
          path: text,
          policy: fc.constantFrom(null, 'shop/orders'),
          rule: fc.constantFrom(null, 'read'),
          status: fc.constantFrom(0, 403, 429),
          time: fc.double({ min: 0, max: 1e13, noNaN: true }),
          durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
          destination: fc.constantFrom(flowRecord().destination, {
            key: 'fd00::1',
            ip: 'fd00::1',
            port: 443,
            services: [],
          }),
          caller: fc.constantFrom(null, flowRecord().caller),
        }),
        (differs) => {
          expect(violations(written(flowRecord(differs as Partial<FlowRecord>)))).toEqual([]);
        },
      ),
    );
  });

  it('leaves out no recommended attribute that it could give', () => {
    expect(leftOut(written(deniedRecord({ template: '/orders/{id}' })))).toEqual([
      // What a policy says is no guess, and whether it is an alert is for whoever reads them all.
      'confidence_id',
      // Values.
      'http_cookies',
      'is_alert',
      // Left to whoever indexes; times are UTC; none of the agent's business.
      'observables',
      'proxy',
      'timezone_offset',
    ]);
  });
});

describe('a finding in OCSF', () => {
  it('begins, escalates and ends under one uid, each turn with its own', () => {
    const began = aFinding();
    const blocked = aFinding({ action: 'block' });
    const ended = aFinding({ action: 'block', state: 'resolved' });
    const turns = [writtenFinding(began), writtenFinding(blocked, began), writtenFinding(ended, blocked)];
    expect(turns).toMatchObject([
      { activity_name: 'Create', status: 'New', disposition: 'Detected', is_alert: true },
      { activity_name: 'Update', status: 'In Progress', disposition: 'Blocked' },
      { activity_name: 'Close', status: 'Resolved', is_alert: false },
    ]);
    expect(turns.map(({ metadata }) => metadata.uid)).toEqual(['ef-1-began', 'ef-1-block', 'ef-1-ended']);
    expect(turns.map((turn) => 'finding_info' in turn && turn.finding_info.uid)).toEqual([
      'ef-1',
      'ef-1',
      'ef-1',
    ]);
  });

  it('is no event while it only grows', () => {
    expect(findingEvent(aFinding({ count: 9 }), aFinding())).toBeNull();
    const ended = aFinding({ state: 'resolved' });
    expect(findingEvent(ended, ended)).toBeNull();
  });

  it('says what, by whom, to what, and what to do', () => {
    expect(writtenFinding(aFinding())).toMatchObject({
      severity: 'High',
      confidence: 'Medium',
      finding_info: {
        types: ['object-enumeration', 'OWASP API1:2023'],
        attacks: [{ technique: { uid: 'T1119' } }, { technique: { uid: 'T1213' } }],
        related_events: [{ uid: 'ew-1' }],
      },
      evidences: [{ actor: { app_name: 'shop/Deployment/frontend' }, data: { unexplained: 25 } }],
      resources: [{ name: 'shop/orders:80', type: 'Service', namespace: 'shop' }],
    });
  });

  it.each(DETECTION_IDS)('is valid by the schema: %s', (detection) => {
    for (const action of FINDING_ACTIONS) {
      const finding = aFinding({ detection, action, operation: '', decisionId: '' });
      expect(violations(writtenFinding(finding))).toEqual([]);
      expect(
        violations(writtenFinding(aFinding({ detection, action, destination: '169.254.169.254:80' }))),
      ).toEqual([]);
    }
  });

  it('leaves out no recommended attribute that it could give', () => {
    expect(leftOut(writtenFinding(aFinding()))).toEqual([
      'observables',
      // A finding is of many requests, and not one that has failed.
      'status_code',
      'status_detail',
      'timezone_offset',
    ]);
  });
});

describe('the check against the schema', () => {
  it('refuses what the schema does not know, and misses what it requires', () => {
    const event = written(deniedRecord());
    expect(violations({ ...event, color: 'red' })).toEqual(['http_activity.color is unknown']);
    expect(violations({ ...event, severity_id: 7 })).toEqual(['http_activity.severity_id is 7']);
    expect(violations({ ...event, http_request: { http_method: 'PATCH' } })).toEqual([
      'http_activity.http_request.http_method is PATCH',
    ]);
    expect(violations({ ...event, device: { type_id: 1 } })).toEqual([
      expect.stringContaining('http_activity.device has none of ip, uid, name'),
    ]);
    expect(violations({ ...event, metadata: {} })).toContain('http_activity.metadata.product is missing');
  });
});
