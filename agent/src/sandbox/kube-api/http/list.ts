import { err, ok, type Result } from '../../../kernel/result.ts';
import { isRecord, type KubeObject, objectKey } from '../object.ts';
import { resourceName } from '../resource.ts';
import { badRequest, expired, type StatusError, tooNewVersion } from '../status-error.ts';
import type { ObjectStore } from '../store.ts';
import { type ApiReply, type ApiRequest, failure, json } from './exchange.ts';
import type { Presenter } from './present.ts';
import { parseSelection } from './selection.ts';
import type { Target } from './target.ts';

/** Where the next page starts, in the list as it was at `version`. */
interface Continuation {
  readonly version: number;
  readonly after: string;
}

interface Page {
  readonly objects: readonly KubeObject[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** GET of a collection, in chunks when the client sets a `limit`. */
export function listObjects(
  store: ObjectStore,
  target: Target,
  { request, presenter }: { readonly request: ApiRequest; readonly presenter: Presenter },
): ApiReply {
  const page = readPage(store, target, request.query);
  if (!page.ok) return failure(page.error);
  return json(200, presenter.list(page.value.objects, page.value.metadata));
}

function readPage(store: ObjectStore, target: Target, query: URLSearchParams): Result<Page, StatusError> {
  const selection = parseSelection(target, query);
  if (!selection.ok) return selection;
  const from = startOf(query);
  if (!from.ok) return from;
  const all = snapshot(store, target, { query, from: from.value });
  if (!all.ok) return all;
  const after = from.value?.after ?? '';
  const rest = all.value.objects.filter((object) => keyOf(object) > after && selection.value(object));
  return ok(chunk(rest, all.value.version, limitOf(query)));
}

interface Snapshot {
  readonly version: number;
  readonly objects: readonly KubeObject[];
}

/** The objects now, or at the version that the client insists on. */
function snapshot(
  store: ObjectStore,
  target: Target,
  { query, from }: { readonly query: URLSearchParams; readonly from: Continuation | undefined },
): Result<Snapshot, StatusError> {
  const name = resourceName(target.resource);
  const asked = Number(query.get('resourceVersion') ?? '0');
  if (!Number.isInteger(asked) || asked < 0) return err(badRequest('invalid resourceVersion'));
  if (asked > store.version) return err(tooNewVersion(asked, store.version));
  const exact = from?.version ?? (query.get('resourceVersionMatch') === 'Exact' ? asked : undefined);
  if (exact === undefined) return ok({ version: store.version, objects: store.list(name) });
  const objects = store.listAt(name, exact);
  return objects === undefined ? err(expired(EXPIRED_LIST)) : ok({ version: exact, objects });
}

const EXPIRED_LIST =
  'The provided continue parameter or resource version is too old to display a consistent list result; start a new list without it.';

/** 0, which clients send too, means no limit. */
function limitOf(query: URLSearchParams): number {
  const limit = Number(query.get('limit') ?? '0');
  return Number.isInteger(limit) && limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

function chunk(rest: readonly KubeObject[], version: number, limit: number): Page {
  const objects = rest.slice(0, limit);
  const last = objects.at(-1);
  const more = rest.length > objects.length && last !== undefined;
  return {
    objects,
    metadata: {
      resourceVersion: String(version),
      ...(more
        ? {
            continue: encode({ version, after: keyOf(last) }),
            remainingItemCount: rest.length - objects.length,
          }
        : {}),
    },
  };
}

const keyOf = (object: KubeObject): string => objectKey(object.metadata.namespace, object.metadata.name);

const encode = (continuation: Continuation): string =>
  Buffer.from(JSON.stringify(continuation)).toString('base64url');

/** Undefined for a list from the start. */
function startOf(query: URLSearchParams): Result<Continuation | undefined, StatusError> {
  const token = query.get('continue') ?? '';
  if (token === '') return ok(undefined);
  try {
    const decoded: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isRecord(decoded) && typeof decoded['version'] === 'number' && typeof decoded['after'] === 'string') {
      return ok({ version: decoded['version'], after: decoded['after'] });
    }
  } catch {
    // Not ours: falls through to the refusal.
  }
  return err(badRequest('continue key is not valid'));
}
