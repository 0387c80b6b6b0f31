import { describe, expect, it } from 'vitest';
import type { ObjectInput } from '../object.ts';
import { ObjectStore } from '../store.ts';
import { WIDGET_CRD, widget } from '../testing/widget.ts';
import type { ApiReply, ApiRequest } from './exchange.ts';
import { route } from './router.ts';

const SETTINGS = {
  bookmarkIntervalMs: 1000,
  maxWatchSeconds: 60,
  expiredWatch: 'event',
  now: () => 0,
} as const;

const configMap = (name: string, labels: Record<string, string> = {}): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
});

interface Asked {
  readonly body?: unknown;
  readonly accept?: string;
  readonly contentType?: string;
}

/** Asks the router as a client would: `GET /api/v1/pods?limit=1`. */
function ask(store: ObjectStore, line: string, asked: Asked = {}): ApiReply {
  const [method = '', target = ''] = line.split(' ');
  const url = new URL(target, 'https://api');
  const request: ApiRequest = {
    method,
    path: url.pathname,
    query: url.searchParams,
    accept: asked.accept ?? 'application/json',
    contentType: asked.contentType ?? 'application/json',
    body: new TextEncoder().encode(typeof asked.body === 'string' ? asked.body : JSON.stringify(asked.body)),
    user: { name: 'tester', groups: ['testers'] },
  };
  return route(store, request, SETTINGS);
}

function answer(store: ObjectStore, line: string, asked: Asked = {}) {
  const reply = ask(store, line, asked);
  if (reply.kind !== 'json') throw new Error(`${line}: ${JSON.stringify(reply)}`);
  return { code: reply.code, warnings: reply.warnings ?? [], body: reply.body as Record<string, unknown> };
}

function refusal(store: ObjectStore, line: string, asked: Asked = {}) {
  const reply = ask(store, line, asked);
  if (reply.kind !== 'error') throw new Error(`${line} is answered`);
  return reply.error;
}

function withWidgets(): ObjectStore {
  const store = new ObjectStore();
  store.apply(WIDGET_CRD);
  store.apply(widget('w', { mode: 'Audit', parts: [{ name: 'a' }] }));
  return store;
}

const WIDGETS = '/apis/example.dev/v1alpha1/namespaces/default/widgets';

describe('discovery', () => {
  const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

  it('follows the definitions, in both forms', () => {
    const store = new ObjectStore();
    const groups = () => JSON.stringify(answer(store, 'GET /apis').body);
    const aggregated = () => JSON.stringify(answer(store, 'GET /apis', { accept: AGGREGATED }).body);
    expect(groups()).not.toContain('example.dev');
    store.apply(WIDGET_CRD);
    expect(groups()).toContain('"groupVersion":"example.dev/v1alpha1"');
    expect(aggregated()).toContain('"resource":"widgets"');
    const { body } = answer(store, 'GET /apis/example.dev/v1alpha1');
    expect(body['resources']).toMatchObject([
      { name: 'widgets', namespaced: true, kind: 'Widget', shortNames: ['wd'], categories: ['gadgets'] },
      { name: 'widgets/status', verbs: ['get', 'patch', 'update'] },
    ]);
    store.remove('customresourcedefinitions', undefined, 'widgets.example.dev');
    expect(groups()).not.toContain('example.dev');
    expect(refusal(store, 'GET /apis/example.dev/v1alpha1').code).toBe(404);
  });

  it('tells clients that the server validates fields', () => {
    const store = withWidgets();
    const root = answer(store, 'GET /openapi/v3').body['paths'] as Record<
      string,
      { serverRelativeURL: string }
    >;
    const { serverRelativeURL = '' } = root['apis/example.dev/v1alpha1'] ?? {};
    const document = JSON.stringify(answer(store, `GET ${serverRelativeURL}`).body);
    expect(document).toContain('"name":"fieldValidation"');
    expect(document).toContain('"enum":["Audit","Enforce"]');
    expect(refusal(store, 'GET /openapi/v3/apis/none/v1').code).toBe(404);
  });
});

describe('what is refused', () => {
  it.each([
    ['GET /api/v1/nonsense', 404],
    ['GET /nonsense', 404],
    ['GET /api/v1/pods/web', 404],
    ['GET /api/v1/namespaces/default/nodes', 404],
    ['GET /api/v1/namespaces/default/pods/web/log', 404],
    ['GET /api/v1/namespaces/default/configmaps/%zz', 404],
    ['GET /api/v1/namespaces/default/configmaps/none/status', 404],
    ['POST /api/v1/pods', 405],
    ['PUT /api/v1/namespaces/default/pods', 405],
    ['POST /api/v1/namespaces/default/pods/web', 405],
    ['GET /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 405],
    ['GET /api/v1/pods?labelSelector=a%20b', 400],
    ['GET /api/v1/pods?fieldSelector=spec.none=1', 400],
    ['GET /api/v1/pods?continue=nonsense', 400],
    ['GET /api/v1/pods?resourceVersion=abc', 400],
    ['GET /api/v1/pods?resourceVersion=99999', 504],
    ['GET /api/v1/pods?watch=1&resourceVersion=99999', 504],
  ])('%s: %d', (line, code) => {
    expect(refusal(new ObjectStore(), line).code).toBe(code);
  });

  it('says which object it is about', () => {
    expect(refusal(withWidgets(), `GET ${WIDGETS}/none`)).toEqual({
      code: 404,
      reason: 'NotFound',
      message: 'widgets.example.dev "none" not found',
      details: { name: 'none', group: 'example.dev', kind: 'widgets' },
    });
  });

  it.each<[string, Asked, number, string]>([
    ['POST', { body: '{' }, 400, "the body can't be read"],
    ['POST', { body: [] }, 400, 'the body is no object'],
    ['POST', { body: configMap('x'), contentType: 'text/plain' }, 415, 'text/plain'],
    ['POST', { body: { ...configMap('x'), metadata: { name: 'x', namespace: 'other' } } }, 400, 'namespace'],
    ['PUT /a', { body: configMap('b') }, 400, 'the name of the object does not match'],
    [
      'PUT /a',
      { body: { ...configMap('a'), metadata: { name: 'a', resourceVersion: '1' } } },
      409,
      'modified',
    ],
    ['PUT /none', { body: configMap('none') }, 404, 'configmaps "none" not found'],
    ['PATCH /a', { body: {}, contentType: 'application/json' }, 415, 'application/json'],
    [
      'PATCH /a',
      { body: [{ op: 'test', path: '/data', value: 1 }], contentType: 'application/json-patch+json' },
      422,
      'operation 0',
    ],
  ])('%s %j', (line, asked, code, message) => {
    const store = new ObjectStore();
    store.apply(configMap('a'));
    const [method = '', rest = ''] = line.split(' ');
    const error = refusal(store, `${method} /api/v1/namespaces/default/configmaps${rest}`, asked);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('refuses to replace a custom resource blindly, or to merge it strategically', () => {
    const store = withWidgets();
    expect(refusal(store, `PUT ${WIDGETS}/w`, { body: widget('w') }).message).toContain(
      'must be specified for an update',
    );
    const contentType = 'application/strategic-merge-patch+json';
    expect(refusal(store, `PATCH ${WIDGETS}/w`, { body: {}, contentType }).code).toBe(415);
  });
});

describe('writes', () => {
  it('name, dry-run and warn', () => {
    const store = new ObjectStore();
    const path = '/api/v1/namespaces/default/configmaps';
    const typo = { ...configMap('a'), dta: {} };
    expect(answer(store, `POST ${path}?dryRun=All`, { body: typo })).toMatchObject({
      code: 201,
      warnings: ['unknown field "dta"'],
    });
    expect(store.list('configmaps')).toEqual([]);
    expect(refusal(store, `POST ${path}?fieldValidation=Strict`, { body: typo }).message).toContain(
      'strict decoding error: unknown field "dta"',
    );
    expect(answer(store, `POST ${path}?fieldValidation=Ignore`, { body: typo }).warnings).toEqual([]);
    const yaml = 'metadata: {generateName: run-}';
    const made = answer(store, `POST ${path}`, { body: yaml, contentType: 'application/yaml' });
    expect(made.body).toMatchObject({
      kind: 'ConfigMap',
      metadata: { name: expect.stringMatching(/^run-/) },
    });
  });

  it('do not let the creator say what state the object is in', () => {
    const store = withWidgets();
    const body = { ...widget('new'), status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    expect(answer(store, `POST ${WIDGETS}`, { body }).body['status']).toBeUndefined();
  });

  it('delete a collection by selector', () => {
    const store = new ObjectStore();
    for (const [name, app] of [
      ['a', 'web'],
      ['b', 'db'],
      ['c', 'web'],
    ] as const)
      store.apply(configMap(name, { app }));
    answer(store, 'DELETE /api/v1/namespaces/default/configmaps?labelSelector=app=web');
    expect(store.list('configmaps').map((object) => object.metadata.name)).toEqual(['b']);
  });

  it('delete with options', () => {
    const store = withWidgets();
    expect(refusal(store, `DELETE ${WIDGETS}/w`, { body: { preconditions: { uid: 'other' } } }).code).toBe(
      409,
    );
    expect(
      answer(store, `DELETE ${WIDGETS}/w`, { body: { propagationPolicy: 'Background' } }).body,
    ).toMatchObject({
      status: 'Success',
      details: { name: 'w', kind: 'widgets' },
    });
  });
});

describe('what is shown', () => {
  it('is the whole object, a table, or metadata, as the client likes best of what there is', () => {
    const store = withWidgets();
    const shown = (accept: string) => answer(store, `GET ${WIDGETS}`, { accept }).body['kind'];
    expect(shown('application/json;as=Table;v=v1;g=meta.k8s.io,application/json')).toBe('Table');
    expect(shown('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io')).toBe(
      'PartialObjectMetadataList',
    );
    expect(shown('application/vnd.kubernetes.protobuf,application/json')).toBe('WidgetList');
    expect(shown('*/*')).toBe('WidgetList');
  });

  it('carries as much of each object in a table as was asked for', () => {
    const store = withWidgets();
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const row = (include: string) => {
      const { rows } = answer(store, `GET ${WIDGETS}?includeObject=${include}`, { accept }).body;
      return (rows as { object?: { kind: string } }[])[0]?.object?.kind;
    };
    expect([row('None'), row('Metadata'), row('Object')]).toEqual([
      undefined,
      'PartialObjectMetadata',
      'Widget',
    ]);
  });

  it('is an old state when an exact version is asked for', () => {
    const store = new ObjectStore();
    store.apply(configMap('a'));
    const { version } = store;
    store.apply(configMap('b'));
    const path = `/api/v1/configmaps?resourceVersion=${version}`;
    expect(answer(store, `GET ${path}&resourceVersionMatch=Exact`).body['items']).toHaveLength(1);
    expect(answer(store, `GET ${path}`).body['items']).toHaveLength(2);
  });

  it('tells a user who they are and that they may', () => {
    const store = new ObjectStore();
    expect(
      answer(store, 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} }).body,
    ).toMatchObject({
      status: { userInfo: { username: 'tester', groups: ['testers'] } },
    });
    expect(
      answer(store, 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body: { spec: {} } })
        .body,
    ).toMatchObject({ status: { allowed: true } });
  });
});
