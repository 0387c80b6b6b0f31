import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { ApiPolicy, CallerSelector, OperationSelector, Rule } from '../model/policy.ts';
import { grpcTemplate } from '../path/grpc.ts';
import { parseTemplate } from '../path/template.ts';
import type { apiPolicySpec } from './api-policy.ts';
import { POLICY_LIMITS } from './limits.ts';
import { formatProblem, parseApiPolicy } from './parse.ts';

const spec = {
  target: { services: ['orders'], ports: [80] },
  mode: 'Enforce',
  rules: [
    {
      name: 'reads',
      action: 'Allow',
      from: [
        { serviceAccount: 'ops/backup', namespace: 'ops' },
        { labels: { 'app.kubernetes.io/name': 'web' } },
      ],
      to: [{ methods: ['GET'], path: '/orders/{id:int}' }],
    },
  ],
};

function object(about: object = {}): object {
  return {
    apiVersion: 'eastwall.dev/v1alpha1',
    kind: 'ApiPolicy',
    metadata: { name: 'orders', namespace: 'shop', generation: 4, uid: 'u', managedFields: [] },
    spec,
    status: { conditions: [] },
    ...about,
  };
}

function problems(about: object): string[] {
  const parsed = parseApiPolicy(object(about));
  return parsed.ok ? [] : parsed.error.map(formatProblem);
}

/** Problems of a policy whose only rule has these fields. */
const inRule = (about: object) =>
  problems({ spec: { ...spec, rules: [{ name: 'r', action: 'Allow', ...about }] } });

describe('parseApiPolicy', () => {
  it('takes an object as the kube API serves it', () => {
    const value = { namespace: 'shop', name: 'orders', generation: 4, ...spec };
    expect(parseApiPolicy(object())).toEqual({ ok: true, value });
  });

  it('takes `Disabled` for `Off`, which YAML 1.1 reads as a boolean', () => {
    const disabled = object({ spec: { ...spec, mode: 'Disabled' } });
    expect(parseApiPolicy(disabled)).toMatchObject({ ok: true, value: { mode: 'Off' } });
    expect(problems({ spec: { ...spec, mode: false } })).toEqual([expect.stringContaining('spec.mode')]);
  });

  it('knows every field of the model, and no other (checked by the compiler)', () => {
    type Spec = z.output<typeof apiPolicySpec>;
    type SpecRule = Spec['rules'][number];
    expectTypeOf<keyof Spec>().toEqualTypeOf<Exclude<keyof ApiPolicy, 'namespace' | 'name' | 'generation'>>();
    expectTypeOf<keyof Spec['target']>().toEqualTypeOf<keyof ApiPolicy['target']>();
    expectTypeOf<keyof SpecRule>().toEqualTypeOf<keyof Rule>();
    expectTypeOf<keyof NonNullable<SpecRule['from']>[number]>().toEqualTypeOf<keyof CallerSelector>();
    expectTypeOf<keyof NonNullable<SpecRule['to']>[number]>().toEqualTypeOf<keyof OperationSelector>();
  });

  it('takes a file that never saw an API server', () => {
    const { status: _, ...file } = object({ metadata: { name: 'orders', namespace: 'shop' } }) as {
      status: unknown;
    };
    expect(parseApiPolicy(file)).toMatchObject({ ok: true, value: { generation: 0 } });
  });

  it('reports everything at once, each with its place', () => {
    const rules = [
      { name: 'a', action: 'allow', from: [{}], to: [{ path: '/a/*' }, { methods: ['get', 'GET', 'GET'] }] },
      {
        name: 'a',
        action: 'Deny',
        from: [{ serviceAccount: 'ops/x', namespace: 'shop', labels: { '!': 'x' } }],
      },
      { action: 'Deny', to: [{ path: 7, extra: true }] },
    ];
    expect(problems({ spec: { target: { ports: [0, 80, 80] }, rules, ruels: [] } }).sort()).toEqual(
      [
        'spec.target.ports[0]: at least 1',
        'spec.target.ports[2]: `80` is there twice',
        'spec.mode: is required',
        'spec.ruels: unknown field',
        'spec.rules[0].action: expected `Allow`, `Deny`, got `allow` (did you mean `Allow`?)',
        'spec.rules[0].from[0]: an empty selector (leave out the whole list to select everything)',
        'spec.rules[0].to[0].path: column 4: `*` is no wildcard here (write `{name}` for one segment, `/**` at the end for any number)',
        'spec.rules[0].to[1].methods[0]: `get` is not a method: an upper-case token, like `GET`',
        'spec.rules[0].to[1].methods[2]: `GET` is there twice',
        'spec.rules[1].name: another rule is also named `a`',
        'spec.rules[1].from[0].labels["!"]: `!` is not a label key',
        'spec.rules[1].from[0].serviceAccount: `ops/x` is not in namespace `shop` (leave out `namespace`)',
        'spec.rules[2].name: is required',
        'spec.rules[2].to[0].extra: unknown field',
        'spec.rules[2].to[0].path: expected a text, got `7`',
      ].sort(),
    );
  });

  it.each([
    ['nothing', undefined, 'is required'],
    ['null', null, 'expected an object, got nothing'],
    ['a text', 'x', 'expected an object, got `x`'],
    ['a list', [], 'expected an object, got a list'],
  ])('refuses %s', (_, input, message) => {
    expect(parseApiPolicy(input)).toEqual({ ok: false, error: [{ path: '', message }] });
  });

  it('refuses another kind or version', () => {
    expect(problems({ apiVersion: 'eastwall.dev/v1', kind: 'Policy' })).toEqual([
      'apiVersion: expected `eastwall.dev/v1alpha1`, got `eastwall.dev/v1`',
      'kind: expected `ApiPolicy`, got `Policy`',
    ]);
  });

  it.each([
    [
      'rules',
      {
        spec: {
          ...spec,
          rules: many(POLICY_LIMITS.rules + 1, (i) => ({ name: `r${i}`, action: 'Deny' })),
        },
      },
    ],
    [
      'services',
      { spec: { ...spec, target: { services: many(POLICY_LIMITS.services + 1, (i) => `s${i}`) } } },
    ],
    ['ports', { spec: { ...spec, target: { ports: many(POLICY_LIMITS.ports + 1, (i) => i + 1) } } }],
  ])('bounds the number of %s', (_, about) => {
    expect(problems(about)).toEqual([expect.stringMatching(/at most \d+ entries$/)]);
  });

  it.each([
    ['callers', { from: many(POLICY_LIMITS.selectors + 1, () => ({ namespace: 'a' })) }],
    ['operations', { to: many(POLICY_LIMITS.selectors + 1, () => ({ path: '/' })) }],
    ['methods', { to: [{ methods: many(POLICY_LIMITS.methods + 1, (i) => `M${i}`) }] }],
    [
      'labels',
      { from: [{ labels: Object.fromEntries(many(POLICY_LIMITS.labels + 1, (i) => [`l${i}`, 'x'])) }] },
    ],
    ['callers, with none', { from: [] }],
    ['operations, with none', { to: [] }],
    ['methods, with none', { to: [{ methods: [] }] }],
    ['labels, with none', { from: [{ labels: {} }] }],
    ['the length of a path', { to: [{ path: `/${'x'.repeat(512)}` }] }],
  ])('bounds %s of a rule', (_, about) => {
    expect(inRule(about)).toHaveLength(1);
  });

  it('takes a gRPC service with or without a method, and nothing beside them', () => {
    expect(inRule({ to: [{ grpc: { service: 'shop.v1.Orders', method: 'Get' } }] })).toEqual([]);
    expect(inRule({ to: [{ grpc: { service: 'Orders' } }] })).toEqual([]);
    const grpc = { service: '/shop.Orders', method: 'Get*' };
    expect(inRule({ to: [{ grpc, methods: ['POST'], path: '/a' }, { grpc: { method: 'Get' } }] })).toEqual([
      'spec.rules[0].to[0].grpc.service: `/shop.Orders` is not a gRPC service, like `shop.Orders`',
      'spec.rules[0].to[0].grpc.method: `Get*` is not a gRPC method, like `GetOrder`',
      'spec.rules[0].to[0].methods: stands beside `grpc`, which says it already (leave out `methods`)',
      'spec.rules[0].to[0].path: stands beside `grpc`, which says it already (leave out `path`)',
      'spec.rules[0].to[1].grpc.service: is required',
    ]);
  });

  it('takes the longest gRPC names as a template', () => {
    const service = 's'.repeat(POLICY_LIMITS.grpcService);
    const method = 'm'.repeat(POLICY_LIMITS.grpcMethod);
    expect(inRule({ to: [{ grpc: { service, method } }] })).toEqual([]);
    expect(parseTemplate(grpcTemplate({ service, method })).ok).toBe(true);
  });

  it('bounds the different methods of all rules', () => {
    const rules = many(5, (r) => ({
      name: `r${r}`,
      action: 'Allow',
      to: [{ methods: many(16, (i) => `M${r}-${i}`) }],
    }));
    expect(problems({ spec: { ...spec, rules } })).toEqual(['spec.rules: 80 different methods; at most 64']);
  });

  it('bounds the templates that one path can match, whichever rules they stand in', () => {
    const types = ['', ':int', ':hex', ':slug'];
    const pairs = types.flatMap((a) => types.map((b) => `{a${a}}/{b${b}}`));
    const rules = pairs.map((start, r) => ({
      name: `r${r}`,
      action: 'Allow',
      to: pairs.map((end) => ({ path: `/${start}/${end.replaceAll(/[ab]/g, '$&2')}` })),
    }));
    expect(problems({ spec: { ...spec, rules: rules.slice(0, 8) } })).toEqual([]);
    expect(problems({ spec: { ...spec, rules } })).toEqual([
      'spec.rules: one path could match 341 branches of these templates; at most 256 (where templates differ only in the types of their parameters, one type is enough)',
    ]);
  });

  it('cuts long input out of its messages', () => {
    const [message = ''] = inRule({ name: 'X'.repeat(10_000) });
    expect(message.length).toBeLessThan(300);
  });

  it('answers for hostile names in bounded time', () => {
    const long = `${'a-'.repeat(50_000)}!`;
    expect(
      inRule({
        from: [{ serviceAccount: long, namespace: long, labels: { [long]: long } }],
        to: [{ path: `/${long}` }],
      }).length,
    ).toBeGreaterThan(0);
  });
});

function many<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
