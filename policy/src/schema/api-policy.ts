import { z } from 'zod';
import * as checks from './checks.ts';
import { enumeration, expectationHead } from './enumeration.ts';
import { limitedRule, limits } from './limit.ts';
import { POLICY_LIMITS as LIMITS } from './limits.ts';
import * as names from './names.ts';
import { callers, methods, mode, path, ports, ruleHead, ruleList, SET, selectorList } from './selectors.ts';

/**
 * The one source of what an ApiPolicy is: the parser, the CRD and the reference page come from here.
 * Descriptions are what `kubectl explain` shows.
 */
const operationSelector = z
  .strictObject({
    methods: methods().exactOptional(),
    path: path().exactOptional(),
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

const rule = limitedRule({
  ...ruleHead,
  from: callers(),
  to: selectorList(operationSelector, 'Operations; one selector must match. Absent: every operation.'),
  limits: limits(),
  enumeration: enumeration(),
});

const expectation = z
  .strictObject({
    ...expectationHead,
    from: callers(),
    to: selectorList(operationSelector, 'Operations; one selector must match. Absent: every operation.'),
  })
  .meta({ description: 'A batch job that asks for ids which it has from elsewhere.' });

const target = z
  .strictObject({
    services: z
      .array(names.serviceName())
      .min(1)
      .max(LIMITS.services)
      .superRefine(checks.checkUnique, checks.ifList)
      .meta({ description: "Services in the policy's namespace. Absent: every Service there.", ...SET })
      .exactOptional(),
    ports: ports(
      'Service ports (not target ports). Absent: every port. A pod port that no Service names is selected too; there, Allow rules count only if the port is listed.',
    ).exactOptional(),
  })
  .meta({ description: 'What the policy protects; `{}` is every Service of the namespace.' });

export const apiPolicySpec = z
  .strictObject({
    target,
    mode: mode(),
    expectations: z
      .array(expectation)
      .min(1)
      .max(LIMITS.expectations)
      .superRefine(checks.checkUniqueNames, checks.ifList)
      .meta({
        description:
          'Batch jobs that walk through ids. Within a run nothing is held against them; beyond it, or at another time, they stand out.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      })
      .exactOptional(),
    rules: ruleList(rule, 'Without any rule, an enforced policy denies every request to its target.'),
  })
  .meta({ description: 'Who may call what at the Services of this namespace.' });
