import { err, ok, type Result } from '../../../kernel/result.ts';
import { schemaOf } from '../admission.ts';
import type { KubeObject } from '../object.ts';
import { mergePatch } from '../patch/json-merge.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { strategicMerge } from '../patch/strategic-merge.ts';
import { type StatusError, unsupportedMediaType } from '../status-error.ts';
import { bodyType, readBody } from './body.ts';
import type { ApiRequest } from './exchange.ts';
import type { Target } from './target.ts';

/** The object as the request's patch makes it, before admission. */
export function patched(
  request: ApiRequest,
  target: Target,
  current: KubeObject,
): Result<unknown, StatusError> {
  const patch = readBody(request);
  if (!patch.ok) return patch;
  const schema = schemaOf(target.resource, target.version);
  switch (bodyType(request)) {
    case 'application/json-patch+json': {
      const result = jsonPatch(current, patch.value);
      return result.ok ? result : err({ code: 422, reason: 'Invalid', message: result.error });
    }
    case 'application/merge-patch+json':
      return ok(mergePatch(current, patch.value));
    case 'application/strategic-merge-patch+json':
      // The merge rules come with Go types, which a custom resource has none of.
      if (!target.resource.custom) return ok(strategicMerge(schema, current, patch.value));
      return err(unsupportedMediaType(request.contentType));
    default:
      return err(unsupportedMediaType(request.contentType));
  }
}
