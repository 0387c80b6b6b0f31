import { z } from 'zod';
import { defaultBurst, leastBurst, parseRate, RATE_PATTERN } from '../limit/rate.ts';
import { type Context, complain, fieldOf, ifList, ifObject, listOf } from './checks.ts';
import { POLICY_LIMITS as LIMITS } from './limits.ts';
import { ruleName } from './names.ts';
import { quote } from './quote.ts';

const limit = z
  .strictObject({
    name: ruleName()
      .meta({
        description:
          'Limits of the policy with the same name share their buckets and differ in `cost` at most. Absent: a limit of this rule alone.',
      })
      .exactOptional(),
    key: z.enum(['Pod', 'Workload', 'Namespace', 'Principal', 'All']).meta({
      description:
        'Who shares a bucket: the calling pod, its workload, its namespace, the verified principal in whose name the request comes (its workload where there is none), or all callers.',
    }),
    perOperation: z
      .boolean()
      .meta({ description: 'Whether every operation has a bucket of its own. Absent: false.' })
      .exactOptional(),
    rate: z
      .string()
      .max(9)
      .superRefine(checkRate)
      .meta({
        description: 'Requests per second, minute or hour: `100/s`, `600/m`, `5000/h`.',
        pattern: RATE_PATTERN,
      })
      .exactOptional(),
    burst: z
      .int()
      .min(1)
      .max(LIMITS.burst)
      .meta({
        description:
          "Requests that may come at once after a quiet time; at least a quarter of a second's. Absent: a second's, of slow rates ten, but no more than the rate's number.",
      })
      .exactOptional(),
    cost: z
      .int()
      .min(1)
      .max(LIMITS.cost)
      .meta({ description: 'How many requests one request of this rule counts for. Absent: 1.' })
      .exactOptional(),
    concurrency: z
      .int()
      .min(1)
      .max(LIMITS.concurrency)
      .meta({
        description:
          'Requests that may be under way at once; counted by each dataplane process, so exact for `Pod`.',
      })
      .exactOptional(),
    onStoreFailure: z
      .enum(['LocalShare', 'Open', 'Closed'])
      .meta({
        description:
          'While the store does not answer: `LocalShare` goes on with the share of the rate that was used here; `Open` lets everything pass; `Closed` refuses everything. Absent: `LocalShare`.',
      })
      .exactOptional(),
  })
  .superRefine(checkLimit, ifObject)
  .meta({
    description: 'A bound on how much the rule allows.',
    'x-kubernetes-validations': [
      { rule: 'has(self.rate) || has(self.concurrency)', message: 'it limits neither rate nor concurrency' },
      {
        rule: 'has(self.rate) || (!has(self.burst) && !has(self.cost) && !has(self.onStoreFailure))',
        message: 'burst, cost and onStoreFailure need a rate',
      },
    ],
  });

export const limits = () =>
  z
    .array(limit)
    .min(1)
    .max(LIMITS.limits)
    .superRefine(checkLimitNames, ifList)
    .meta({
      description:
        'How much an Allow rule allows; every limit must have room. They count for requests that this rule decides: of several that allow a request, the first. Absent: any number.',
      'x-kubernetes-list-type': 'atomic',
    })
    .exactOptional();

/** A rule that may have limits. */
/** Fields by which an Allow rule says how it allows; a kind of policy has some of them. */
const OF_ALLOW = ['limits', 'enumeration'] as const;

export const limitedRule = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z
    .strictObject(shape)
    .superRefine(checkAllows, ifObject)
    .meta({
      'x-kubernetes-validations': OF_ALLOW.filter((field) => field in shape).map((field) => ({
        rule: `!has(self.${field}) || self.action == 'Allow'`,
        message: `only Allow rules have ${field}`,
      })),
    });

function checkAllows(rule: object, context: Context): void {
  if (fieldOf(rule, 'action') !== 'Deny') return;
  for (const field of OF_ALLOW)
    if (fieldOf(rule, field) !== undefined)
      complain(context, 'a rule that denies everything has no use for it', [field], 'put it on Allow rules');
}

function checkRate(text: string, context: Context): void {
  if (parseRate(text) === null)
    complain(context, `${quote(text)} is not a rate`, [], 'write `100/s`, `600/m` or `5000/h`');
}

function checkLimitNames(limits: readonly unknown[], context: Context): void {
  const names = limits.map((limit) => fieldOf(limit, 'name'));
  for (const [at, name] of names.entries()) {
    if (name !== undefined && names.indexOf(name) < at)
      complain(context, `another limit of the rule is also named ${quote(name)}`, [at, 'name']);
  }
}

const NEED_RATE = ['burst', 'cost', 'onStoreFailure'] as const;

function checkLimit(limit: object, context: Context): void {
  const rate = fieldOf(limit, 'rate');
  if (rate === undefined && fieldOf(limit, 'concurrency') === undefined)
    complain(context, 'limits nothing', [], 'add `rate` or `concurrency`');
  for (const field of NEED_RATE) {
    if (rate === undefined && fieldOf(limit, field) !== undefined)
      complain(context, 'means nothing without `rate`', [field]);
  }
  if (typeof rate === 'string') checkBurst(limit, rate, context);
}

function checkBurst(limit: object, rate: string, context: Context): void {
  const parsed = parseRate(rate);
  if (parsed === null) return;
  const burst = fieldOf(limit, 'burst');
  const cost = fieldOf(limit, 'cost');
  const least = leastBurst(parsed);
  if (typeof burst === 'number' && burst < least)
    complain(context, `at least ${least}: a quarter of a second of the rate`, ['burst']);
  const room = typeof burst === 'number' ? burst : defaultBurst(parsed);
  if (typeof cost === 'number' && cost > room)
    complain(context, `more than the burst of ${room}: no request could ever pass`, ['cost']);
}

/** One limit under two descriptions could not be kept. `cost` belongs to the rule. */
export function checkSharedLimits(rules: readonly unknown[], context: Context): void {
  const first = new Map<unknown, string>();
  for (const [at, rule] of rules.entries()) {
    for (const [place, limit] of listOf(fieldOf(rule, 'limits')).entries()) {
      const name = fieldOf(limit, 'name');
      if (name === undefined) continue;
      const text = SHARED.map((field) => String(fieldOf(limit, field))).join();
      if ((first.get(name) ?? text) !== text)
        complain(context, `another limit named ${quote(name)} differs in more than \`cost\``, [
          at,
          'limits',
          place,
        ]);
      if (!first.has(name)) first.set(name, text);
    }
  }
}

const SHARED = ['key', 'perOperation', 'rate', 'burst', 'concurrency', 'onStoreFailure'];
