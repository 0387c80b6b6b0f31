import { z } from 'zod';
import { TEMPLATE_LIMITS } from '../path/template.ts';
import * as checks from './checks.ts';
import { checkSharedLimits } from './limit.ts';
import { POLICY_LIMITS as LIMITS } from './limits.ts';
import * as names from './names.ts';
import { offOr } from './off.ts';
import { TEMPLATE_PATTERN } from './template-pattern.ts';

// Parts that the kinds of policies share. Descriptions are what `kubectl explain` shows.

export const SET = { 'x-kubernetes-list-type': 'set' };
export const ATOMIC = { 'x-kubernetes-list-type': 'atomic' };

export const mode = () =>
  offOr(
    ['Audit', 'Enforce'],
    '`Disabled` selects nothing; `Audit` lets pass and reports what it would deny; `Enforce` denies what no rule allows. `"Off"`, in quotes, is `Disabled`.',
  );

/** What every rule has. */
export const ruleHead = {
  name: names
    .ruleName()
    .meta({ description: 'Name of the rule, unique in the policy; denials and logs show it.' }),
  action: z
    .enum(['Allow', 'Deny'])
    .meta({ description: 'A Deny that matches wins over every Allow; the order of rules means nothing.' }),
};

/** A list of rules, with the checks that need all of them. */
export const ruleList = <Rule extends z.ZodType>(rule: Rule, description: string) =>
  z
    .array(rule)
    .max(LIMITS.rules)
    .superRefine(checks.checkUniqueNames, checks.ifList)
    .superRefine(checkSharedLimits, checks.ifList)
    .superRefine(checks.checkMatchingCost, checks.ifList)
    .meta({
      description,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    });

export const ports = (description: string) =>
  z
    .array(z.int().min(1).max(65535))
    .min(1)
    .max(LIMITS.ports)
    .superRefine(checks.checkUnique, checks.ifList)
    .meta({ description, ...SET });

export const methods = () =>
  z
    .array(names.methodName())
    .min(1)
    .max(LIMITS.methods)
    .superRefine(checks.checkUnique, checks.ifList)
    .meta({ description: 'Request methods. `GET` covers `HEAD`. Absent: every method.', ...SET });

export const path = () =>
  z.string().max(TEMPLATE_LIMITS.length).superRefine(checks.checkTemplate).meta({
    description:
      'Path template: `/orders/{id:int}`, `/files/**`. Case and a trailing slash are significant. Absent: every path.',
    pattern: TEMPLATE_PATTERN,
  });

const workload = z
  .strictObject({
    kind: names
      .kindName()
      .meta({ description: 'Kind of the controller, `Pod` for a pod without one. Absent: any kind.' })
      .exactOptional(),
    name: names.objectName('a workload name').meta({ description: 'Name of the controller.' }),
  })
  .meta({ description: 'The controller that owns the calling pod, like a Deployment or a CronJob.' })
  .exactOptional();

const labels = z
  .record(names.labelKey(), names.labelValue())
  .refine((labels) => Object.keys(labels).length <= LIMITS.labels, {
    error: `more than ${LIMITS.labels} labels`,
  })
  .refine((labels) => Object.keys(labels).length > 0, { error: 'no labels' })
  .meta({
    description: 'Labels of the calling pod; all must be equal.',
    minProperties: 1,
    maxProperties: LIMITS.labels,
  })
  .exactOptional();

/** Callers of any namespace. */
const callerSelector = z
  .strictObject({
    serviceAccount: names
      .serviceAccountName()
      .meta({ description: 'Service account of the caller: `name`, or `namespace/name`.' })
      .exactOptional(),
    workload,
    namespace: names
      .namespaceOrAny()
      .meta({
        description:
          "Namespace of the caller; `*` is any. Absent: the one in `serviceAccount`, else the policy's own namespace.",
      })
      .exactOptional(),
    labels,
  })
  .superRefine(checks.checkNotEmpty, checks.ifObject)
  .superRefine(checks.checkOneNamespace, checks.ifObject)
  .meta({
    description: 'Callers for which every given field holds.',
    minProperties: 1,
    'x-kubernetes-validations': [
      {
        // `namespace` is a reserved word of CEL, which Kubernetes has one write with underscores.
        rule: "!has(self.serviceAccount) || !has(self.__namespace__) || !self.serviceAccount.contains('/') || self.serviceAccount.startsWith(self.__namespace__ + '/')",
        message: 'serviceAccount is in another namespace than the selector',
      },
    ],
  });

/** Callers of the policy's own namespace. */
const localCallerSelector = z
  .strictObject({
    serviceAccount: names
      .objectName('the name of a service account of this namespace')
      .meta({ description: 'Service account of the caller.' })
      .exactOptional(),
    workload,
    labels,
  })
  .superRefine(checks.checkNotEmpty, checks.ifObject)
  .meta({
    description: "Callers of the policy's namespace for which every given field holds.",
    minProperties: 1,
  });

export const selectorList = <Selector extends z.ZodType>(selector: Selector, description: string) =>
  z
    .array(selector)
    .min(1)
    .max(LIMITS.selectors)
    .meta({ description, ...ATOMIC })
    .exactOptional();

export const callers = (description = 'Callers; one selector must match. Absent: every caller.') =>
  selectorList(callerSelector, description);

export const localCallers = () =>
  selectorList(
    localCallerSelector,
    'Workloads that the policy governs; one selector must match. Absent: all workloads of the namespace.',
  );
