import type { Resource, ResourceVersion } from '../resource.ts';
import type { Schema } from '../schema/schema.ts';
import { boolField, type Message, message, messageField, stringField } from './protobuf.ts';

/** Field numbers of gnostic's OpenAPIv2.proto, the only form in which kubectl before 1.27 reads schemas. */
const DOCUMENT = { swagger: 1, info: 2, paths: 8, definitions: 9 } as const;
const INFO = { title: 1, version: 2 } as const;
const NAMED = { name: 1, value: 2 } as const;
const ENTRIES = 1;
const SCHEMA = {
  description: 4,
  required: 19,
  additionalProperties: 21,
  type: 22,
  items: 23,
  properties: 25,
  vendorExtension: 31,
} as const;
const ADDITIONAL = { schema: 1, boolean: 2 } as const;
const ANY_YAML = 2;

/**
 * The schemas of the custom resources, encoded. Built-in kinds are left out: clients have their types
 * compiled in, and fall back to them for a kind that the document doesn't have.
 */
export function openapiV2(resources: readonly Resource[], serverVersion: string): Message {
  const definitions = resources
    .filter((resource) => resource.custom)
    .flatMap((resource) => resource.versions.map((version) => definition(resource, version)));
  return message(
    stringField(DOCUMENT.swagger, '2.0'),
    messageField(
      DOCUMENT.info,
      stringField(INFO.title, 'Kubernetes'),
      stringField(INFO.version, serverVersion),
    ),
    messageField(DOCUMENT.paths),
    messageField(DOCUMENT.definitions, ...definitions),
  );
}

function definition(resource: Resource, version: ResourceVersion): Message {
  const { group, kind } = resource;
  const name = `${group.split('.').toReversed().join('.')}.${version.name}.${kind}`;
  const gvk = JSON.stringify([{ group, kind, version: version.name }]);
  const schema = withEnvelope(version.schema ?? {});
  return named(name, message(schemaMessage(schema), extension('x-kubernetes-group-version-kind', gvk)));
}

/** The members that every object has; a client that validates takes others for mistakes. */
function withEnvelope(schema: Schema): Schema {
  if (schema.properties === undefined) return schema;
  const text: Schema = { type: 'string' };
  const properties = {
    ...schema.properties,
    apiVersion: text,
    kind: text,
    metadata: { type: 'object' } as const,
  };
  return { ...schema, properties };
}

function schemaMessage(schema: Schema): Message {
  const description =
    schema.description === undefined ? [] : [stringField(SCHEMA.description, schema.description)];
  // Version 2 has no words for these, so it says nothing: the server validates.
  if (
    schema['x-kubernetes-int-or-string'] === true ||
    schema['x-kubernetes-preserve-unknown-fields'] === true
  ) {
    return message(...description);
  }
  return message(...description, ...shape(schema));
}

function shape(schema: Schema): Message[] {
  const parts = (schema.required ?? []).map((field) => stringField(SCHEMA.required, field));
  if (schema.type !== undefined) parts.push(messageField(SCHEMA.type, stringField(ENTRIES, schema.type)));
  if (schema.items !== undefined) {
    parts.push(messageField(SCHEMA.items, messageField(ENTRIES, schemaMessage(schema.items))));
  }
  if (schema.properties !== undefined) {
    const members = Object.entries(schema.properties).map(([name, own]) => named(name, schemaMessage(own)));
    parts.push(messageField(SCHEMA.properties, ...members));
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object') {
    parts.push(
      messageField(
        SCHEMA.additionalProperties,
        messageField(ADDITIONAL.schema, schemaMessage(additionalProperties)),
      ),
    );
  } else if (additionalProperties !== undefined) {
    parts.push(
      messageField(SCHEMA.additionalProperties, boolField(ADDITIONAL.boolean, additionalProperties)),
    );
  }
  return parts;
}

/** One entry of a map, which gnostic writes as a list of names and values. */
const named = (name: string, value: Message): Message =>
  messageField(ENTRIES, stringField(NAMED.name, name), messageField(NAMED.value, value));

const extension = (name: string, yaml: string): Message =>
  messageField(
    SCHEMA.vendorExtension,
    stringField(NAMED.name, name),
    messageField(NAMED.value, stringField(ANY_YAML, yaml)),
  );
