import { ResourceRegistry } from '../registry.ts';
import { resourceName } from '../resource.ts';
import { methodNotAllowed, notFound, unknownPath } from '../status-error.ts';
import type { ObjectStore } from '../store.ts';
import { Discovery } from './discovery.ts';
import { type ApiReply, type ApiRequest, failure, json, text } from './exchange.ts';
import { listObjects } from './list.ts';
import { openapiV2 } from './openapi-v2.ts';
import { openapiV3Document, openapiV3Root } from './openapi-v3.ts';
import { presenterFor } from './present.ts';
import { answerReview, REVIEW_RESOURCES } from './reviews.ts';
import { resolveTarget, splitPath, type Target } from './target.ts';
import { type WatchSettings, watchObjects } from './watch.ts';
import {
  createObject,
  deleteCollection,
  deleteObject,
  patchObject,
  updateObject,
  type WriteContext,
} from './write.ts';

/** The Kubernetes release whose API this server speaks. */
const SERVER_VERSION = 'v1.32.0';

const REVIEW_REGISTRY = new ResourceRegistry(REVIEW_RESOURCES);

export interface RouterSettings extends WatchSettings {
  readonly now: () => number;
}

/** Answers one authenticated request; pure but for what it does to the store. */
export function route(store: ObjectStore, request: ApiRequest, settings: RouterSettings): ApiReply {
  return (
    answerProbe(request) ??
    answerOpenapi(store, request) ??
    new Discovery(store.registry.all(), REVIEW_RESOURCES).answer(request) ??
    answerReviewPath(request) ??
    answerResource(store, request, settings)
  );
}

function answerProbe({ path }: ApiRequest): ApiReply | undefined {
  if (path === '/version') return json(200, VERSION);
  return ['/healthz', '/livez', '/readyz'].includes(path) ? text('ok') : undefined;
}

const VERSION = {
  major: '1',
  minor: '32',
  gitVersion: `${SERVER_VERSION}+eastwall-sandbox`,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: 'linux/amd64',
};

/** Clients ask for `…v2@v1.0+protobuf`, but an answer with an `@` in its type is more than their parser takes. */
const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

function answerOpenapi(store: ObjectStore, { path }: ApiRequest): ApiReply | undefined {
  const resources = store.registry.all();
  if (path === '/openapi/v2') {
    return { kind: 'bytes', contentType: PROTOBUF_V2, body: openapiV2(resources, SERVER_VERSION) };
  }
  if (path === '/openapi/v3') return json(200, openapiV3Root(resources, SERVER_VERSION));
  if (!path.startsWith('/openapi/v3/')) return undefined;
  const document = openapiV3Document(resources, path.slice('/openapi/v3/'.length), SERVER_VERSION);
  return document === undefined ? undefined : json(200, document);
}

function answerReviewPath(request: ApiRequest): ApiReply | undefined {
  const path = splitPath(request.path);
  const target = path === undefined ? undefined : resolveTarget(REVIEW_REGISTRY, path);
  if (target === undefined) return undefined;
  return request.method === 'POST' ? answerReview(target, request) : failure(methodNotAllowed());
}

function answerResource(store: ObjectStore, request: ApiRequest, settings: RouterSettings): ApiReply {
  const path = splitPath(request.path);
  const target = path === undefined ? undefined : resolveTarget(store.registry, path);
  if (target === undefined || !servesSubresource(target)) return failure(unknownPath());
  const presenter = presenterFor(request, target, settings.now);
  const context: WriteContext = { store, target, request, presenter, now: settings.now };
  if (target.name === undefined) return answerCollection(context, settings);
  if (target.resource.namespaced && target.namespace === undefined) return failure(unknownPath());
  return answerObject(context);
}

const servesSubresource = ({ subresource, version }: Target): boolean =>
  subresource === undefined || (subresource === 'status' && version.status);

function answerCollection(context: WriteContext, settings: RouterSettings): ApiReply {
  const { store, target, request, presenter } = context;
  switch (request.method) {
    case 'GET':
      return isWatch(request)
        ? watchObjects(store, target, { request, presenter, settings })
        : listObjects(store, target, { request, presenter });
    case 'POST':
      // An object of a namespace is created inside it: the path has to say which.
      if (target.resource.namespaced && target.namespace === undefined) return failure(methodNotAllowed());
      return createObject(context);
    case 'DELETE':
      return deleteCollection(context);
    default:
      return failure(methodNotAllowed());
  }
}

const isWatch = (request: ApiRequest): boolean => ['true', '1'].includes(request.query.get('watch') ?? '');

function answerObject(context: WriteContext): ApiReply {
  const { target, request } = context;
  switch (request.method) {
    case 'GET':
      return getObject(context);
    case 'PUT':
      return updateObject(context);
    case 'PATCH':
      return patchObject(context);
    case 'DELETE':
      return target.subresource === undefined ? deleteObject(context) : failure(methodNotAllowed());
    default:
      return failure(methodNotAllowed());
  }
}

function getObject({ store, target, presenter }: WriteContext): ApiReply {
  const { group, plural } = target.resource;
  const name = target.name ?? '';
  const object = store.get(resourceName(target.resource), target.namespace, name);
  return object === undefined ? failure(notFound({ group, plural, name })) : json(200, presenter.one(object));
}
