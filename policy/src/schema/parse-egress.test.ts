import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type {
  EgressPolicy,
  EgressRule,
  EgressSelector,
  LocalCallerSelector,
} from '../model/egress-policy.ts';
import type { egressPolicySpec } from './egress-policy.ts';
import { POLICY_LIMITS } from './limits.ts';
import { formatProblem, parseEgressPolicy } from './parse.ts';

const spec = {
  from: [{ serviceAccount: 'checkout', workload: { name: 'checkout' }, labels: { app: 'x' } }],
  mode: 'Enforce',
  rules: [
    {
      name: 'cards',
      action: 'Allow',
      to: [
        {
          hosts: ['api.cards.example', '*.eu.cards.example'],
          cidrs: ['203.0.113.0/24', '2001:db8::/32'],
          ports: [443],
          methods: ['GET'],
          path: '/v1/{id:int}',
        },
      ],
    },
    { name: 'nothing-else', action: 'Deny' },
  ],
};

const object = (about: object = {}) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'EgressPolicy',
  metadata: { name: 'out', namespace: 'shop', generation: 3 },
  spec,
  status: {},
  ...about,
});

function problems(about: object): string[] {
  const parsed = parseEgressPolicy(object(about));
  return parsed.ok ? [] : parsed.error.map(formatProblem);
}

/** Problems of a policy whose only selector has these fields. */
const inSelector = (...to: object[]) =>
  problems({ spec: { mode: 'Audit', rules: [{ name: 'r', action: 'Allow', to }] } }).map((problem) =>
    problem.replace('spec.rules[0].to', ''),
  );

describe('parseEgressPolicy', () => {
  it('takes an object as the kube API serves it', () => {
    const value = { namespace: 'shop', name: 'out', generation: 3, ...spec };
    expect(parseEgressPolicy(object())).toEqual({ ok: true, value });
  });

  it('knows every field of the model, and no other (checked by the compiler)', () => {
    type Spec = z.output<typeof egressPolicySpec>;
    type SpecRule = Spec['rules'][number];
    expectTypeOf<keyof Spec>().toEqualTypeOf<
      Exclude<keyof EgressPolicy, 'namespace' | 'name' | 'generation'>
    >();
    expectTypeOf<keyof SpecRule>().toEqualTypeOf<keyof EgressRule>();
    expectTypeOf<keyof NonNullable<Spec['from']>[number]>().toEqualTypeOf<keyof LocalCallerSelector>();
    expectTypeOf<keyof NonNullable<SpecRule['to']>[number]>().toEqualTypeOf<keyof EgressSelector>();
  });

  it('reports everything at once, each with its place', () => {
    const rules = [
      { name: 'a', action: 'Allow', to: [{}, { hosts: ['A.example', '10.0.0.1', 'x', 'x'], ports: [0] }] },
      {
        name: 'a',
        action: 'Block',
        from: [{ namespace: 'ops' }],
        to: [{ cidrs: ['10.0.0.1/8', '10.0.0.1'] }],
      },
    ];
    const from = [{ namespace: 'ops', labels: { app: 'x' } }, { serviceAccount: 'ops/x' }, {}];
    expect(problems({ kind: 'ApiPolicy', spec: { from, rules } }).sort()).toEqual(
      [
        'kind: expected `EgressPolicy`, got `ApiPolicy`',
        'spec.from[0].namespace: unknown field',
        'spec.from[1].serviceAccount: `ops/x` is not the name of a service account of this namespace',
        'spec.from[2]: an empty selector (leave out the whole list to select everything)',
        'spec.mode: is required',
        'spec.rules[0].to[0]: an empty selector (leave out the whole list to select everything)',
        'spec.rules[0].to[1].hosts[0]: `A.example` is not a host: `api.example.com` or `*.example.com` (write it in lower case)',
        'spec.rules[0].to[1].hosts[1]: `10.0.0.1` is an address (name it in `cidrs`)',
        'spec.rules[0].to[1].hosts[3]: `x` is there twice',
        'spec.rules[0].to[1].ports[0]: at least 1',
        'spec.rules[1].action: expected `Allow`, `Deny`, got `Block`',
        'spec.rules[1].from: unknown field',
        'spec.rules[1].name: another rule is also named `a`',
        'spec.rules[1].to[0].cidrs[0]: `10.0.0.1/8` is not a network (clear the bits beyond the prefix length)',
        'spec.rules[1].to[0].cidrs[1]: `10.0.0.1` is not a network (add `/32` for one IPv4 address, `/128` for one IPv6 address)',
      ].sort(),
    );
  });

  it.each([
    'example.com',
    'proxy',
    '*.example.com',
    '_a.b-c.example',
    '3scale.example',
    'xn--bcher-kva.example',
  ])('takes the host %s', (host) => expect(inSelector({ hosts: [host] })).toEqual([]));

  it.each([
    ['*', 'leave out `hosts` to select every host'],
    ['a.*.example', null],
    ['*a.example', null],
    ['example.com.', 'leave out the dot at the end'],
    ['example.com:443', null],
    ['https://example.com', null],
    ['bücher.example', 'write names in other scripts as `xn--…`'],
    ['', null],
    ['a..b', null],
    [`${'a.'.repeat(POLICY_LIMITS.hostLabels)}example`, null],
  ])('refuses the host %j', (host, hint) => {
    const [problem = ''] = inSelector({ hosts: [host] });
    expect(problem).toMatch(/^\[0\]\.hosts\[0\]: `.*` is (not a host|an address)/);
    if (hint !== null) expect(problem).toContain(`(${hint})`);
  });

  it.each(['127.0.0.1', '1', '0x7f.1', '::1', '*.1.2.3'])('takes the address %s for no host', (host) => {
    expect(inSelector({ hosts: [host] })).toEqual([expect.stringContaining('is an address')]);
  });

  it.each([
    ['10.0.0.0/33', 'write `203.0.113.0/24` or `2001:db8::/32`'],
    ['example.com', 'write `203.0.113.0/24` or `2001:db8::/32`'],
    ['::ffff:10.0.0.0/104', 'write it as IPv4, as which it is dialled'],
  ])('refuses the network %s', (cidr, hint) => {
    expect(inSelector({ cidrs: [cidr] })).toEqual([`[0].cidrs[0]: \`${cidr}\` is not a network (${hint})`]);
  });

  it.each([
    ['hosts', { hosts: many(POLICY_LIMITS.hosts + 1, (i) => `h${i}.example`) }],
    ['networks', { cidrs: many(POLICY_LIMITS.cidrs + 1, (i) => `10.0.${i}.0/24`) }],
    ['ports', { ports: many(POLICY_LIMITS.ports + 1, (i) => i + 1) }],
    ['hosts, with none', { hosts: [] }],
    ['networks, with none', { cidrs: [] }],
    ['the length of a host', { hosts: ['a'.repeat(256)] }],
  ])('bounds %s of a selector', (_, selector) => expect(inSelector(selector).length).toBeGreaterThan(0));

  it('bounds the hosts and networks of all rules', () => {
    const selector = (s: number) => ({ hosts: many(POLICY_LIMITS.hosts, (i) => `h${s}-${i}.example`) });
    const rules = many(2, (r) => ({
      name: `r${r}`,
      action: 'Allow',
      to: many(33, (i) => selector(33 * r + i)),
    }));
    expect(problems({ spec: { mode: 'Audit', rules } })).toEqual([
      'spec.rules: 4224 hosts and networks; at most 4096 (split the policy)',
    ]);
  });

  it('answers for hostile texts in bounded time', () => {
    const long = `${'a-.'.repeat(50_000)}!`;
    expect(inSelector({ hosts: [long], cidrs: [long], path: `/${long}` }).length).toBeGreaterThan(0);
  });
});

function many<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
