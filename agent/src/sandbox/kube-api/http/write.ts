import { err, ok, type Result } from '../../../kernel/result.ts';
import { schemaOf, unknownFields } from '../admission.ts';
import { isRecord, type KubeObject, type ObjectInput } from '../object.ts';
import { serverSideApply } from '../patch/server-side-apply.ts';
import { type Resource, resourceName } from '../resource.ts';
import { metadataSchema } from '../schema/builtin.ts';
import { badRequest, invalid, notFound, type StatusError } from '../status-error.ts';
import type { ObjectStore, RemoveOptions, UpdateOptions, Write } from '../store.ts';
import { bodyType, objectFor, readBody, readObject } from './body.ts';
import { type ApiReply, type ApiRequest, failure, json } from './exchange.ts';
import { patched } from './patch.ts';
import type { Presenter } from './present.ts';
import { parseSelection } from './selection.ts';
import type { Target } from './target.ts';

export interface WriteContext {
  readonly store: ObjectStore;
  readonly target: Target;
  readonly request: ApiRequest;
  readonly presenter: Presenter;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createObject(context: WriteContext): ApiReply {
  const body = readObject(context.request, context.target);
  return body.ok ? saveChange(context, undefined, body.value) : failure(body.error);
}

/** Whoever creates an object doesn't get to say what state it is in; its controller does. */
const creatable = (target: Target, object: ObjectInput): ObjectInput =>
  target.version.status ? withoutStatus(object) : object;

export function updateObject(context: WriteContext): ApiReply {
  const { request, target, store } = context;
  const body = readObject(request, target);
  if (!body.ok) return failure(body.error);
  const blind = blindUpdate(target.resource, body.value);
  if (blind !== undefined) return failure(blind);
  const current = store.get(resourceName(target.resource), target.namespace, target.name ?? '');
  return current === undefined ? missing(target) : saveChange(context, current, body.value);
}

export function patchObject(context: WriteContext): ApiReply {
  const { request, target, store } = context;
  if (bodyType(request) === APPLY_PATCH) return applyObject(context);
  const current = store.get(resourceName(target.resource), target.namespace, target.name ?? '');
  if (current === undefined) return missing(target);
  const result = patched(request, target, current);
  const next = result.ok ? objectFor(result.value, target) : result;
  return next.ok ? saveChange(context, current, next.value) : failure(next.error);
}

const APPLY_PATCH = 'application/apply-patch+yaml';

/** Server-side apply, which creates what is not there. */
function applyObject(context: WriteContext): ApiReply {
  const { request, target, store, now } = context;
  const body = readObject(request, target);
  if (!body.ok) return failure(body.error);
  const manager = request.query.get('fieldManager') ?? '';
  if (manager === '') return failure(badRequest('fieldManager is required for apply patch'));
  const current = store.get(resourceName(target.resource), target.namespace, target.name ?? '');
  if (current === undefined && target.subresource !== undefined) return missing(target);
  const schema = schemaOf(target.resource, target.version);
  const applied = serverSideApply(
    // A custom resource's schema says nothing of the metadata, whose lists merge like everybody's.
    { ...schema, properties: { ...schema.properties, metadata: metadataSchema() } },
    { current, applied: body.value },
    {
      manager,
      subresource: target.subresource,
      force: request.query.get('force') === 'true',
      time: `${new Date(now()).toISOString().slice(0, 19)}Z`,
    },
  );
  return applied.ok ? saveChange(context, current, applied.value) : failure(applied.error);
}

/** Stores the new state of an object, or a new object where there was none. */
function saveChange(context: WriteContext, current: KubeObject | undefined, next: ObjectInput): ApiReply {
  const { request, target, store } = context;
  const checked = checkFields(context, next);
  if (!checked.ok) return failure(checked.error);
  const name = resourceName(target.resource);
  const write =
    current === undefined
      ? store.create(name, creatable(target, next), { dryRun: isDryRun(request) })
      : store.update(name, next, updateOptions(context));
  return written(context, write, { code: current === undefined ? 201 : 200, warnings: checked.value });
}

export function deleteObject(context: WriteContext): ApiReply {
  const { target, store, presenter } = context;
  const options = removeOptions(context.request);
  if (!options.ok) return failure(options.error);
  const name = resourceName(target.resource);
  const removed = store.remove(name, target.namespace, target.name ?? '', options.value);
  if (!removed.ok) return failure(removed.error);
  const held = store.get(name, target.namespace, target.name ?? '') !== undefined;
  const shown = held || ANSWERED_WITH_OBJECT.has(name);
  return json(200, shown ? presenter.one(removed.value) : deletedStatus(target.resource, removed.value));
}

/** Kinds whose deletion is answered with the object rather than with a Status, as in the real API server. */
const ANSWERED_WITH_OBJECT: ReadonlySet<string> = new Set(['pods', 'services', 'serviceaccounts']);

export function deleteCollection(context: WriteContext): ApiReply {
  const { target, store, request, presenter } = context;
  const selection = parseSelection(target, request.query);
  const options = removeOptions(request);
  if (!selection.ok) return failure(selection.error);
  if (!options.ok) return failure(options.error);
  const name = resourceName(target.resource);
  const doomed = store.list(name).filter(selection.value);
  for (const object of doomed) {
    // One that an earlier removal took along is gone already, which is what was asked for.
    store.remove(name, object.metadata.namespace, object.metadata.name, options.value);
  }
  return json(200, presenter.list(doomed, { resourceVersion: String(store.version) }));
}

function written(
  context: WriteContext,
  write: Write,
  { code, warnings }: { readonly code: number; readonly warnings: readonly string[] },
): ApiReply {
  return write.ok ? json(code, context.presenter.one(write.value), warnings) : failure(write.error);
}

/** Warnings for the fields that will be dropped, or the refusal that `fieldValidation=Strict` asks for. */
function checkFields(context: WriteContext, object: ObjectInput): Result<readonly string[], StatusError> {
  const { target, request } = context;
  const mode = request.query.get('fieldValidation') ?? 'Warn';
  if (mode === 'Ignore') return ok([]);
  const problems = unknownFields(target.resource, object).map((field) => `unknown field "${field}"`);
  if (mode !== 'Strict' || problems.length === 0) return ok(problems);
  const { kind } = target.resource;
  const list = problems.join(', ');
  return err(
    badRequest(
      `${kind} in version "${target.version.name}" cannot be handled as a ${kind}: strict decoding error: ${list}`,
    ),
  );
}

/** A custom resource can't be replaced without saying which version of it one has seen. */
function blindUpdate(resource: Resource, object: ObjectInput): StatusError | undefined {
  if (!resource.custom || (object.metadata.resourceVersion ?? '') !== '') return undefined;
  const field = 'metadata.resourceVersion';
  return invalid({ group: resource.group, kind: resource.kind, name: object.metadata.name ?? '' }, [
    { reason: 'FieldValueInvalid', field, message: 'Invalid value: 0x0: must be specified for an update' },
  ]);
}

const isDryRun = (request: ApiRequest): boolean => request.query.has('dryRun');

const updateOptions = ({ request, target }: WriteContext): UpdateOptions => ({
  dryRun: isDryRun(request),
  ...(target.subresource === 'status' ? { subresource: 'status' } : {}),
});

const missing = (target: Target): ApiReply =>
  failure(
    notFound({ group: target.resource.group, plural: target.resource.plural, name: target.name ?? '' }),
  );

function withoutStatus(object: ObjectInput): ObjectInput {
  const { status: _, ...rest } = object;
  return rest as ObjectInput;
}

/** DeleteOptions, from the body or from the query. */
function removeOptions(request: ApiRequest): Result<RemoveOptions, StatusError> {
  const body = readBody(request);
  if (!body.ok) return body;
  const given = isRecord(body.value) ? body.value : {};
  const conditions = isRecord(given['preconditions']) ? given['preconditions'] : {};
  const policy = given['propagationPolicy'] ?? request.query.get('propagationPolicy') ?? undefined;
  const orphan = policy === 'Orphan' || given['orphanDependents'] === true;
  return ok({
    dryRun: isDryRun(request) || (Array.isArray(given['dryRun']) && given['dryRun'].length > 0),
    propagation: orphan ? 'Orphan' : 'Background',
    ...stringMember(conditions, 'uid'),
    ...stringMember(conditions, 'resourceVersion'),
  });
}

function stringMember(fields: Readonly<Record<string, unknown>>, name: 'uid' | 'resourceVersion') {
  const value = fields[name];
  return typeof value === 'string' ? { [name]: value } : {};
}

function deletedStatus(resource: Resource, object: KubeObject) {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: object.metadata.name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      uid: object.metadata.uid,
    },
  };
}
