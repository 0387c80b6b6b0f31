import { z } from 'zod';

/** An OpenAPI v3 schema as a CustomResourceDefinition takes it ("structural"). */
export interface StructuralSchema {
  readonly type: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
  readonly [keyword: string]: unknown;
}

/** The spec of a kind of policy in OpenAPI, from its zod schema. */
export function specSchema(spec: z.ZodType): StructuralSchema {
  return toStructural(z.toJSONSchema(spec, { target: 'openapi-3.0', io: 'input' }));
}

/**
 * `additionalProperties: false` goes: beside `properties` the API server refuses it, and says by itself when a field is
 * unknown (strict field validation, the default of kubectl). Everything else that zod writes is structural already.
 */
function toStructural(schema: z.core.JSONSchema.BaseSchema): StructuralSchema {
  const { type, description, properties, items, additionalProperties, ...rest } = schema;
  if (typeof type !== 'string') throw new Error(`a schema without one type: ${JSON.stringify(schema)}`);
  return {
    type,
    ...(description === undefined ? {} : { description }),
    ...rest,
    ...(properties === undefined ? {} : { properties: mapValues(properties, toStructural) }),
    ...(isSchema(items) ? { items: toStructural(items) } : {}),
    ...(isSchema(additionalProperties) ? { additionalProperties: toStructural(additionalProperties) } : {}),
  };
}

type Child = z.core.JSONSchema.BaseSchema | boolean | readonly unknown[] | undefined;

function isSchema(child: Child): child is z.core.JSONSchema.BaseSchema {
  return typeof child === 'object' && !Array.isArray(child);
}

function mapValues(
  properties: Readonly<Record<string, z.core.JSONSchema._JSONSchema>>,
  change: (schema: z.core.JSONSchema.BaseSchema) => StructuralSchema,
): Record<string, StructuralSchema> {
  const changed: Record<string, StructuralSchema> = {};
  for (const [name, schema] of Object.entries(properties)) {
    if (typeof schema !== 'boolean') changed[name] = change(schema);
  }
  return changed;
}
