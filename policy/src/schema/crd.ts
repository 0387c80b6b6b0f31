import type { z } from 'zod';
import { apiPolicySpec } from './api-policy.ts';
import { egressPolicySpec } from './egress-policy.ts';
import { API_GROUP, API_POLICY, API_VERSION, EGRESS_POLICY, type KindNames } from './kinds.ts';
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

interface Definition {
  readonly spec: z.ZodType;
  readonly description: string;
}

function definition({ kind, plural, singular, short }: KindNames, about: Definition): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: 'Namespaced',
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
          additionalPrinterColumns: PRINTER_COLUMNS,
          schema: { openAPIV3Schema: objectSchema(about) },
        },
      ],
    },
  };
}

const PRINTER_COLUMNS = [
  { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
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
