import { z } from 'zod';
import { TEMPLATE_LIMITS } from '../path/template.ts';
import * as checks from './checks.ts';
import { API_POLICY_LIMITS as LIMITS } from './limits.ts';
import * as names from './names.ts';
import { TEMPLATE_PATTERN } from './template-pattern.ts';

/**
 * The one source of what an ApiPolicy is: the parser, the CRD and the reference page come from here.
 * Descriptions are what `kubectl explain` shows.
 */
export const API_GROUP = 'eastwall.dev';
export const API_VERSION = 'v1alpha1';
export const API_POLICY_KIND = 'ApiPolicy';

const SET = { 'x-kubernetes-list-type': 'set' };
const ATOMIC = { 'x-kubernetes-list-type': 'atomic' };

const callerSelector = z
  .strictObject({
    serviceAccount: names
      .serviceAccountName()
      .meta({ description: 'Service account of the caller: `name`, or `namespace/name`.' })
      .exactOptional(),
    workload: z
      .strictObject({
        kind: names
          .kindName()
          .meta({ description: 'Kind of the controller, `Pod` for a pod without one. Absent: any kind.' })
          .exactOptional(),
        name: names.objectName('a workload name').meta({ description: 'Name of the controller.' }),
      })
      .meta({ description: 'The controller that owns the calling pod, like a Deployment or a CronJob.' })
      .exactOptional(),
    namespace: names
      .namespaceOrAny()
      .meta({
        description:
          "Namespace of the caller; `*` is any. Absent: the one in `serviceAccount`, else the policy's own namespace.",
      })
      .exactOptional(),
    labels: z
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
      .exactOptional(),
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

const operationSelector = z
  .strictObject({
    methods: z
      .array(names.methodName())
      .min(1)
      .max(LIMITS.methods)
      .superRefine(checks.checkUnique, checks.ifList)
      .meta({ description: 'Request methods. `GET` covers `HEAD`. Absent: every method.', ...SET })
      .exactOptional(),
    path: z
      .string()
      .max(TEMPLATE_LIMITS.length)
      .superRefine(checks.checkTemplate)
      .meta({
        description:
          'Path template: `/orders/{id:int}`, `/files/**`. Case and a trailing slash are significant. Absent: every path.',
        pattern: TEMPLATE_PATTERN,
      })
      .exactOptional(),
    grpc: z
      .strictObject({
        service: names.grpcService().meta({ description: 'Service with its package, like `shop.Orders`.' }),
        method: names
          .grpcMethod()
          .meta({ description: 'Method, like `GetOrder`. Absent: every method of the service.' })
          .exactOptional(),
      })
      .meta({ description: 'gRPC calls: `POST` to `/service/method`. In place of `methods` and `path`.' })
      .exactOptional(),
  })
  .superRefine(checks.checkNotEmpty, checks.ifObject)
  .superRefine(checks.checkGrpcAlone, checks.ifObject)
  .meta({
    description: 'Requests for which every given field holds.',
    minProperties: 1,
    'x-kubernetes-validations': [
      {
        rule: '!has(self.grpc) || (!has(self.methods) && !has(self.path))',
        message: 'grpc says method and path already',
      },
    ],
  });

const rule = z.strictObject({
  name: names
    .ruleName()
    .meta({ description: 'Name of the rule, unique in the policy; denials and logs show it.' }),
  action: z
    .enum(['Allow', 'Deny'])
    .meta({ description: 'A Deny that matches wins over every Allow; the order of rules means nothing.' }),
  from: z
    .array(callerSelector)
    .min(1)
    .max(LIMITS.selectors)
    .meta({ description: 'Callers; one selector must match. Absent: every caller.', ...ATOMIC })
    .exactOptional(),
  to: z
    .array(operationSelector)
    .min(1)
    .max(LIMITS.selectors)
    .meta({ description: 'Operations; one selector must match. Absent: every operation.', ...ATOMIC })
    .exactOptional(),
});

const target = z
  .strictObject({
    services: z
      .array(names.serviceName())
      .min(1)
      .max(LIMITS.services)
      .superRefine(checks.checkUnique, checks.ifList)
      .meta({ description: "Services in the policy's namespace. Absent: every Service there.", ...SET })
      .exactOptional(),
    ports: z
      .array(z.int().min(1).max(65535))
      .min(1)
      .max(LIMITS.ports)
      .superRefine(checks.checkUnique, checks.ifList)
      .meta({
        description:
          'Service ports (not target ports). Absent: every port. A pod port that no Service names is selected too; there, Allow rules count only if the port is listed.',
        ...SET,
      })
      .exactOptional(),
  })
  .meta({ description: 'What the policy protects; `{}` is every Service of the namespace.' });

export const apiPolicySpec = z
  .strictObject({
    target,
    mode: z.enum(['Off', 'Audit', 'Enforce']).meta({
      description:
        '`Off` selects nothing; `Audit` lets pass and reports what it would deny; `Enforce` denies what no rule allows.',
    }),
    rules: z
      .array(rule)
      .max(LIMITS.rules)
      .superRefine(checks.checkUniqueNames, checks.ifList)
      .superRefine(checks.checkMatchingCost, checks.ifList)
      .meta({
        description: 'Without any rule, an enforced policy denies every request to its target.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
  })
  .meta({ description: 'Who may call what at the Services of this namespace.' });

/** The whole kube object; fields of `metadata` that mean nothing here are dropped, and so is `status`. */
export const apiPolicyObject = z.strictObject({
  apiVersion: z.literal(`${API_GROUP}/${API_VERSION}`),
  kind: z.literal(API_POLICY_KIND),
  metadata: z.object({
    name: names.objectName('an object name'),
    namespace: names.namespaceName(),
    generation: z.int().min(0).exactOptional(),
  }),
  spec: apiPolicySpec,
  status: z.unknown().optional(),
});
