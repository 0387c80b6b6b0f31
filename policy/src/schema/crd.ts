import type { z } from 'zod';
import { apiPolicySpec } from './api-policy.ts';
import { egressPolicySpec } from './egress-policy.ts';
import { guardProfileSpec } from './guard-profile.ts';
import { API_GROUP, API_POLICY, API_VERSION, EGRESS_POLICY, GUARD_PROFILE, type KindNames } from './kinds.ts';
import { type StructuralSchema, specSchema } from './structural.ts';

/** The CustomResourceDefinition to install; plain JSON, generated from the one schema. */
export function apiPolicyCrd(): object {
  return definition(API_POLICY, {
    spec: apiPolicySpec,
    description: 'Who may call what at the Services of a namespace, by workload identity, method and path.',
  });
}

export function egressPolicyCrd(): object {
  return definition(EGRESS_POLICY, {
    spec: egressPolicySpec,
    description:
      'Where the workloads of a namespace may connect to outside of the cluster, by host, network and port.',
  });
}

export function guardProfileCrd(): object {
  return definition(GUARD_PROFILE, {
    spec: guardProfileSpec,
    description: 'What guards do about what they notice: enumeration, misuse of credentials, anomalies.',
    columns: [{ name: 'Budget', type: 'integer', jsonPath: '.spec.alertBudgetPerWeek' }],
  });
}

interface Definition {
  readonly spec: z.ZodType;
  readonly description: string;
  /** Absent: the mode. */
  readonly columns?: readonly PrinterColumn[];
}

interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
}

function definition({ kind, plural, singular, short, scope }: KindNames, about: Definition): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [short],
        categories: ['eastwall'],
      },
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [...(about.columns ?? MODE_COLUMN), ...COLUMNS],
          schema: { openAPIV3Schema: objectSchema(about) },
        },
      ],
    },
  };
}

const MODE_COLUMN = [{ name: 'Mode', type: 'string', jsonPath: '.spec.mode' }];

const COLUMNS = [
  { name: 'Accepted', type: 'string', jsonPath: '.status.conditions[?(@.type=="Accepted")].status' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

function objectSchema({ spec, description }: Definition): StructuralSchema {
  return {
    type: 'object',
    description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: specSchema(spec),
      status: STATUS_SCHEMA,
    },
  };
}

/** Field by field as `metav1.Condition`, so that `kubectl wait --for=condition=Accepted` works. */
const STATUS_SCHEMA: StructuralSchema = {
  type: 'object',
  description: 'What became of the policy; written by the agents.',
  properties: {
    conditions: {
      type: 'array',
      description:
        '`Accepted` is false, with the reason, when the policy is refused; the last good version stays in force.',
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
        properties: {
          type: { type: 'string', maxLength: 316 },
          status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
          observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
          lastTransitionTime: { type: 'string', format: 'date-time' },
          reason: { type: 'string', minLength: 1, maxLength: 1024 },
          message: { type: 'string', maxLength: 32768 },
        },
      },
    },
  },
};
