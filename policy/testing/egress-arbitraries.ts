import fc from 'fast-check';
import type {
  EgressFacts,
  EgressPolicy,
  EgressRule,
  EgressSelector,
  LocalCallerSelector,
} from '../src/index.ts';
import {
  ACTION,
  caller,
  callerSelector,
  httpSelector,
  METHODS,
  MODE,
  NAMESPACES,
  rawPath,
} from './arbitraries.ts';
import { destination, egressPolicy, outside } from './builders.ts';

/** Random EgressPolicies and connections from so few words that they meet. */

const PORTS = [80, 443, 8080];
const HOSTS = ['a.test', 'x.a.test', '*.a.test', '*.x.a.test', '*.test', 'b.test', '*.b.test', 'test'];
const CIDRS = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3/32',
  '128.0.0.0/1',
  '169.254.169.254/32',
  '::/0',
  '2001:db8::/32',
  '2001:db8:0:1::/64',
  '2001:db8::1/128',
  'fe80::/10',
];
const IPS = [
  '10.1.2.3',
  '10.1.9.9',
  '10.200.0.1',
  '169.254.169.254',
  '203.0.113.7',
  '2001:db8::1',
  '2001:db8:0:1::2',
  '2a00::1',
  'no address',
];

/** Mostly names that the policies speak of, in spellings of all kinds. */
export const writtenHost = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a.test', 'x.a.test', 'y.x.a.test', 'b.test', 'test', 'c.b.test') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      'A.Test',
      'a.test.',
      'a.test:8443',
      'X.a.test.:80',
      'a.test:',
      'xa.test',
      '10.1.2.3',
      '10.1.2.3:443',
      '[::1]:443',
      '::1',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'a..test',
      '.a.test',
      'a.test..',
      'a.test:x',
      '*.a.test',
      'a.test/',
      'b.0x7f',
      'u@a.test',
    ),
  },
);

const selector: fc.Arbitrary<EgressSelector> = fc
  .record({
    place: fc.record(
      {
        hosts: fc.uniqueArray(fc.constantFrom(...HOSTS), { minLength: 1, maxLength: 3 }),
        cidrs: fc.uniqueArray(fc.constantFrom(...CIDRS), { minLength: 1, maxLength: 3 }),
        ports: fc.uniqueArray(fc.constantFrom(...PORTS), { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
    // Half of them for any protocol.
    operation: fc.option(httpSelector, { nil: {} }),
  })
  .map(({ place, operation }) => ({ ...place, ...operation }))
  .filter((written) => Object.keys(written).length > 0);

const rules: fc.Arbitrary<EgressRule[]> = fc
  .array(
    fc.record(
      { action: ACTION, to: fc.array(selector, { minLength: 1, maxLength: 3 }) },
      { requiredKeys: ['action'] },
    ),
    { maxLength: 5 },
  )
  .map((list) => list.map((rule, at) => ({ name: `r${at}`, ...rule })));

const localCaller: fc.Arbitrary<LocalCallerSelector> = callerSelector
  .map(({ namespace: _, ...local }) => local)
  .filter((local) => Object.keys(local).length > 0 && local.serviceAccount?.includes('/') !== true);

/** At most one policy of each name, as in a cluster. */
export const egressPolicies: fc.Arbitrary<EgressPolicy[]> = fc.uniqueArray(
  fc
    .record(
      {
        namespace: fc.constantFrom(...NAMESPACES),
        name: fc.constantFrom('a', 'b', 'c'),
        mode: MODE,
        from: fc.array(localCaller, { minLength: 1, maxLength: 2 }),
        rules,
      },
      { requiredKeys: ['namespace', 'name', 'mode', 'rules'] },
    )
    .map(egressPolicy),
  { minLength: 1, maxLength: 5, selector: ({ namespace, name }) => `${namespace}/${name}` },
);

export const egressFacts: fc.Arbitrary<EgressFacts> = fc.record({
  caller,
  destination: fc.oneof(
    {
      weight: 12,
      arbitrary: fc
        .tuple(fc.constantFrom(...IPS), fc.constantFrom(...PORTS, 9999))
        .map(([ip, port]) => outside(ip, port)),
    },
    { weight: 1, arbitrary: fc.constant(destination()) },
  ),
  host: writtenHost,
  operation: fc.option(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ method: fc.constantFrom(...METHODS, 'get', 'delete'), path: rawPath }),
      },
      { weight: 1, arbitrary: fc.constant({ method: 'CONNECT', path: '' }) },
    ),
  ),
});
