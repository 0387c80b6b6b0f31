import { parse as parseYaml } from 'yaml';
import { err, ok, type Result } from '../../../kernel/result.ts';
import { isRecord, type ObjectInput } from '../object.ts';
import { badRequest, type StatusError, unsupportedMediaType } from '../status-error.ts';
import type { ApiRequest } from './exchange.ts';
import { parseMedia } from './media.ts';
import { decodeProtobufBody } from './protobuf-body.ts';
import type { Target } from './target.ts';

const YAML_TYPES: ReadonlySet<string> = new Set(['application/yaml', 'application/apply-patch+yaml']);
const JSON_TYPES: ReadonlySet<string> = new Set([
  '',
  'application/json',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]);

const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

export const bodyType = (request: ApiRequest): string => parseMedia(request.contentType).type;

/** The decoded body; undefined for an empty one. */
export function readBody(request: ApiRequest): Result<unknown, StatusError> {
  const type = bodyType(request);
  if (request.body.length === 0) return ok(undefined);
  if (type === PROTOBUF_TYPE) {
    const decoded = decodeProtobufBody(request.body);
    return decoded.ok ? decoded : err({ ...unsupportedMediaType(type), message: decoded.error });
  }
  if (!YAML_TYPES.has(type) && !JSON_TYPES.has(type)) return err(unsupportedMediaType(request.contentType));
  const text = Buffer.from(request.body).toString('utf8');
  if (text.trim() === '') return ok(undefined);
  try {
    return ok(YAML_TYPES.has(type) ? parseYaml(text) : JSON.parse(text));
  } catch (error) {
    return err(badRequest(`the body can't be read: ${error instanceof Error ? error.message : 'unknown'}`));
  }
}

/** The body as an object for `target`: kind, namespace and name come from the path where the body leaves them out. */
export function readObject(request: ApiRequest, target: Target): Result<ObjectInput, StatusError> {
  const body = readBody(request);
  return body.ok ? objectFor(body.value, target) : body;
}

/** Refuses what names another object than the path does. */
export function objectFor(value: unknown, target: Target): Result<ObjectInput, StatusError> {
  if (!isRecord(value)) return err(badRequest('the body is no object'));
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {};
  const { namespace, name } = metadata;
  if (target.namespace !== undefined && namespace !== undefined && namespace !== target.namespace) {
    return err(
      badRequest('the namespace of the provided object does not match the namespace sent on the request'),
    );
  }
  if (target.name !== undefined && name !== undefined && name !== target.name) {
    return err(badRequest('the name of the object does not match the name on the URL'));
  }
  return ok({
    apiVersion: target.apiVersion,
    kind: target.resource.kind,
    ...value,
    metadata: {
      ...metadata,
      ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
      ...(target.name === undefined ? {} : { name: target.name }),
    },
  });
}
