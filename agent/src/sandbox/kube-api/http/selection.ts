import { parseLabelSelector } from '../../../kernel/label-selector.ts';
import { err, ok, type Result } from '../../../kernel/result.ts';
import type { KubeObject } from '../object.ts';
import { parseFieldSelector } from '../selectors/fields.ts';
import { badRequest, type StatusError } from '../status-error.ts';
import type { Target } from './target.ts';

export type Selection = (object: KubeObject) => boolean;

/** Which objects of the target a list, a watch or a collection delete is about. */
export function parseSelection(target: Target, query: URLSearchParams): Result<Selection, StatusError> {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  if (!labels.ok) return err(badRequest(labels.error));
  const fields = parseFieldSelector(target.resource, query.get('fieldSelector') ?? '');
  if (!fields.ok) return err(badRequest(fields.error));
  return ok(
    (object) =>
      (target.namespace === undefined || object.metadata.namespace === target.namespace) &&
      (target.name === undefined || object.metadata.name === target.name) &&
      labels.value(object.metadata.labels ?? {}) &&
      fields.value(object),
  );
}
