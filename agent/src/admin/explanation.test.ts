import {
  API_GROUP,
  API_POLICY,
  API_VERSION,
  EGRESS_POLICY,
  parseApiPolicy,
  parseEgressPolicy,
} from '@eastwall/policy';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { explain } from './explanation.ts';

describe('explain', () => {
  it('says that a policy comes before a declaration', () => {
    const reason = 'unreadable_protocol';
    expect(explain(deniedRecord({ reason, declaredOpaque: true })).steps).toContainEqual(
      'its port is declared opaque, but what a policy says comes first',
    );
    expect(explain(deniedRecord({ reason })).steps.join()).not.toContain('declared');
  });

  it('offers the narrowest rule that would have let a refused call pass', () => {
    const explanation = explain(deniedRecord({ path: '/orders/7/items' }));
    expect(explanation.sentence).toBe(
      'denied: policy `shop/orders` selects this destination and no rule allows the request',
    );
    expect(explanation.steps).toContain(
      'if the caller should be allowed, add a rule to policy `shop/orders`',
    );
    expect(explanation.rule).toBe(
      [
        '- name: allow-frontend',
        '  action: Allow',
        '  from: [{ serviceAccount: shop/frontend }]',
        "  to: [{ methods: [GET], path: '/orders/{id:int}/items' }]",
      ].join('\n'),
    );
  });

  it.each([
    '/orders/7',
    '/orders/7/items/8',
    '/',
    '/u/0f8fad5b-d9cb-469f-a165-70867728950e',
    "/it's",
    '/a%2fb',
    '/{x}',
    '/a/',
  ])('offers a rule that the schema accepts, for the path %s', (path) => {
    const { rule } = explain(deniedRecord({ path }));
    const parsed = parseApiPolicy({
      apiVersion: `${API_GROUP}/${API_VERSION}`,
      kind: API_POLICY.kind,
      metadata: { name: 'p', namespace: 'shop', generation: 1 },
      spec: { mode: 'Enforce', target: {}, rules: parse(rule ?? '') },
    });
    expect(parsed).toMatchObject({ ok: true });
  });

  const outside = { key: 'k', ip: '203.0.113.7', port: 443, services: [] };

  it.each([
    [
      'HTTP',
      { host: 'API.example.com:8080', path: '/v1/7' },
      "hosts: ['api.example.com'], cidrs: ['203.0.113.7/32'], ports: [443], methods: [GET], path: '/v1/{id:int}'",
    ],
    [
      'TLS',
      { protocol: 'tls', method: '', path: '', host: 'api.example.com' },
      "hosts: ['api.example.com'], cidrs: ['203.0.113.7/32'], ports: [443]",
    ],
    [
      'TLS that hides its host',
      { protocol: 'tls', method: '', path: '', host: '', hostUnknown: 'encrypted_client_hello' },
      "cidrs: ['203.0.113.7/32'], ports: [443]",
    ],
  ] as const)('offers an egress rule that the schema accepts, for %s', (_, about, to) => {
    const { rule, steps } = explain(deniedRecord({ destination: outside, ...about }));
    expect(rule).toBe(['- name: allow-frontend', '  action: Allow', `  to: [{ ${to} }]`].join('\n'));
    expect(steps.join()).toMatch('hostUnknown' in about ? /offers ECH/ : /^if the caller should be allowed/);
    const parsed = parseEgressPolicy({
      apiVersion: `${API_GROUP}/${API_VERSION}`,
      kind: EGRESS_POLICY.kind,
      metadata: { name: 'p', namespace: 'shop', generation: 1 },
      spec: { mode: 'Enforce', rules: parse(rule ?? '') },
    });
    expect(parsed).toMatchObject({ ok: true });
  });

  it('points at the rule that denied', () => {
    const { steps, rule } = explain(deniedRecord({ reason: 'denied_by_rule', rule: 'no-ci' }));
    expect(steps[0]).toBe('narrow or remove rule `no-ci` of policy `shop/orders`');
    expect(rule).toBeNull();
  });

  it('says what to do about a limit, and offers no rule', () => {
    const { sentence, steps, rule } = explain(
      deniedRecord({ reason: 'rate_limited', rule: 'reads', status: 429 }),
    );
    expect(sentence).toContain('more requests came than the rate of its limit');
    expect(steps[0]).toContain('raise the limit of rule `reads`');
    expect(rule).toBeNull();
    const closed = explain(deniedRecord({ reason: 'limits_unavailable', rule: 'reads', status: 429 }));
    expect(closed.steps[0]).toContain('onStoreFailure: LocalShare');
  });

  it('says that an audited call did pass', () => {
    const { sentence, steps } = explain(deniedRecord({ verdict: 'would-deny', outcome: 'ok', status: 200 }));
    expect(sentence).toMatch(/^allowed, but would be denied/);
    expect(steps.at(-1)).toBe(
      'the exchange passed because the policy is in mode `Audit`; `Enforce` would refuse it',
    );
  });

  it('names the fault of a malformed message and offers no policy for it', () => {
    const record = flowRecord({ outcome: 'malformed_request', reason: 'length_and_encoding', status: 400 });
    expect(explain(record)).toEqual({
      sentence:
        'the request was refused, since servers may read it in different ways: Content-Length and Transfer-Encoding are both given',
      steps: ['fix the client: no policy can allow a message that is not valid HTTP/1.1'],
      rule: null,
    });
  });

  it('has a sentence for an exchange that passed or broke off by itself', () => {
    expect(explain(flowRecord())).toMatchObject({
      sentence: 'allowed: no policy selects this destination',
      steps: [],
    });
    expect(explain(flowRecord({ outcome: 'upstream_reset' })).sentence).toBe(
      'the destination broke the connection off',
    );
  });
});
