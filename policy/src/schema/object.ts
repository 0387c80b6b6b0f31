import { z } from 'zod';
import { API_GROUP, API_VERSION, type KindNames } from './kinds.ts';
import * as names from './names.ts';

/** A whole kube object of a namespace; fields of `metadata` that mean nothing here are dropped, and so is `status`. */
export const policyObject = <Spec extends z.ZodType>({ kind }: KindNames, spec: Spec) =>
  z.strictObject({
    apiVersion: z.literal(`${API_GROUP}/${API_VERSION}`),
    kind: z.literal(kind),
    metadata: z.object({
      name: names.objectName('an object name'),
      namespace: names.namespaceName(),
      generation: z.int().min(0).exactOptional(),
    }),
    spec,
    status: z.unknown().optional(),
  });

/** The same for a kind that is in no namespace. */
export const clusterObject = <Spec extends z.ZodType>({ kind }: KindNames, spec: Spec) =>
  z.strictObject({
    apiVersion: z.literal(`${API_GROUP}/${API_VERSION}`),
    kind: z.literal(kind),
    metadata: z.object({
      name: names.objectName('an object name'),
      generation: z.int().min(0).exactOptional(),
    }),
    spec,
    status: z.unknown().optional(),
  });
