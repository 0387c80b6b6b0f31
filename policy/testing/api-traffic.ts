import type { Observation } from '../src/index.ts';

/** Traffic as whole APIs have it: made from templates that the learner does not see, with ids of every usual form. */

export interface Api {
  readonly name: string;
  /** `METHOD template weight`; a parameter is `{name:form}` or `{name:form*count}`, where count is how many values there are. */
  readonly operations: readonly string[];
}

export const APIS: readonly Api[] = [
  {
    name: 'kubernetes',
    operations: [
      'GET /api/v1/namespaces 3',
      'GET /api/v1/namespaces/{ns:name*12} 2',
      'GET /api/v1/namespaces/{ns:name*12}/pods 20',
      'GET /api/v1/namespaces/{ns:name*12}/pods/{name:pod} 30',
      'GET /api/v1/namespaces/{ns:name*12}/pods/{name:pod}/log 6',
      'PATCH /api/v1/namespaces/{ns:name*12}/pods/{name:pod}/status 20',
      'DELETE /api/v1/namespaces/{ns:name*12}/pods/{name:pod} 3',
      'POST /api/v1/namespaces/{ns:name*12}/pods/{name:pod}/binding 3',
      'GET /api/v1/namespaces/{ns:name*12}/services 4',
      'GET /api/v1/namespaces/{ns:name*12}/services/{name:name*60} 6',
      'GET /api/v1/namespaces/{ns:name*12}/endpoints/{name:name*60} 6',
      'GET /api/v1/namespaces/{ns:name*12}/configmaps/{name:slug*80} 8',
      'GET /api/v1/namespaces/{ns:name*12}/secrets/{name:slug*80} 6',
      'GET /api/v1/namespaces/{ns:name*12}/serviceaccounts/{name:name*40} 3',
      'POST /api/v1/namespaces/{ns:name*12}/events 10',
      'GET /api/v1/nodes 3',
      'GET /api/v1/nodes/{name:host*20} 5',
      'PATCH /api/v1/nodes/{name:host*20}/status 8',
      'GET /api/v1/pods 4',
      'GET /apis/apps/v1/namespaces/{ns:name*12}/deployments 3',
      'GET /apis/apps/v1/namespaces/{ns:name*12}/deployments/{name:name*60} 8',
      'PATCH /apis/apps/v1/namespaces/{ns:name*12}/deployments/{name:name*60} 3',
      'PUT /apis/apps/v1/namespaces/{ns:name*12}/deployments/{name:name*60}/status 6',
      'GET /apis/apps/v1/namespaces/{ns:name*12}/replicasets/{name:replicaset} 6',
      'PUT /apis/coordination.k8s.io/v1/namespaces/{ns:name*3}/leases/{name:host*20} 25',
      'GET /openapi/v2 1',
      'GET /readyz 6',
      'GET /version 1',
    ],
  },
  {
    name: 'shop',
    operations: [
      'GET /v1/products 20',
      'GET /v1/products/{sku:slug*300} 40',
      'GET /v1/products/{sku:slug*300}/reviews 15',
      'POST /v1/products/{sku:slug*300}/reviews 2',
      'GET /v1/products/search 12',
      'GET /v1/categories 8',
      'GET /v1/categories/{category:word*10} 10',
      'GET /v1/categories/{category:word*10}/products 12',
      'POST /v1/carts 6',
      'GET /v1/carts/{cart:uuid} 25',
      'POST /v1/carts/{cart:uuid}/items 10',
      'DELETE /v1/carts/{cart:uuid}/items/{item:int} 3',
      'POST /v1/orders 5',
      'GET /v1/orders 6',
      'GET /v1/orders/{order:int} 15',
      'GET /v1/orders/{order:int}/invoice 3',
      'POST /v1/orders/{order:int}/cancel 1',
      'GET /v1/customers/me 10',
      'GET /v1/customers/{customer:objectid} 8',
      'PATCH /v1/customers/{customer:objectid} 1',
      'GET /v1/customers/{customer:objectid}/addresses/{address:int*4} 2',
      'POST /v1/login 3',
      'POST /v1/logout 1',
      'GET /v1/shipments/{tracking:tracking} 4',
      'GET /v1/coupons/{code:code*40} 3',
      'GET /health 10',
    ],
  },
  {
    name: 'petstore',
    operations: [
      'POST /v2/pet 3',
      'PUT /v2/pet 2',
      'GET /v2/pet/findByStatus 15',
      'GET /v2/pet/findByTags 5',
      'GET /v2/pet/{petId:int} 30',
      'POST /v2/pet/{petId:int} 2',
      'DELETE /v2/pet/{petId:int} 2',
      'POST /v2/pet/{petId:int}/uploadImage 2',
      'GET /v2/store/inventory 10',
      'POST /v2/store/order 5',
      'GET /v2/store/order/{orderId:int} 12',
      'DELETE /v2/store/order/{orderId:int} 1',
      'POST /v2/user 3',
      'POST /v2/user/createWithList 1',
      'GET /v2/user/login 6',
      'GET /v2/user/logout 4',
      'GET /v2/user/{username:user*60} 14',
      'PUT /v2/user/{username:user*60} 3',
      'DELETE /v2/user/{username:user*60} 1',
    ],
  },
  {
    name: 'vampi',
    operations: [
      'GET / 1',
      'GET /createdb 1',
      'GET /users/v1 10',
      'GET /users/v1/_debug 2',
      'POST /users/v1/register 3',
      'POST /users/v1/login 8',
      'GET /me 6',
      'GET /users/v1/{username:user*40} 25',
      'DELETE /users/v1/{username:user*40} 2',
      'PUT /users/v1/{username:user*40}/email 3',
      'PUT /users/v1/{username:user*40}/password 3',
      'GET /books/v1 12',
      'POST /books/v1 4',
      'GET /books/v1/{title:slug*50} 20',
    ],
  },
  {
    name: 'crapi',
    operations: [
      'POST /identity/api/auth/login 6',
      'POST /identity/api/auth/signup 2',
      'GET /identity/api/v2/user/dashboard 10',
      'POST /identity/api/v2/user/change-email 1',
      'GET /identity/api/v2/user/videos/{video:int} 5',
      'PUT /identity/api/v2/user/videos/{video:int} 2',
      'DELETE /identity/api/v2/admin/videos/{video:int} 1',
      'GET /identity/api/v2/vehicle/vehicles 8',
      'GET /identity/api/v2/vehicle/{car:uuid}/location 20',
      'POST /identity/api/v2/vehicle/add_vehicle 2',
      'GET /community/api/v2/community/posts/recent 12',
      'GET /community/api/v2/community/posts/{post:nanoid} 15',
      'POST /community/api/v2/community/posts/{post:nanoid}/comment 4',
      'POST /community/api/v2/coupon/validate-coupon 3',
      'GET /workshop/api/shop/products 10',
      'GET /workshop/api/shop/orders/all 6',
      'GET /workshop/api/shop/orders/{order:int} 12',
      'POST /workshop/api/shop/orders/return_order 2',
      'GET /workshop/api/mechanic/ 3',
      'GET /workshop/api/mechanic/mechanic_report 4',
      'POST /workshop/api/merchant/contact_mechanic 2',
    ],
  },
];

/** One request, and the template that it is truly of. */
export interface TrueRequest extends Observation {
  readonly template: string;
}

interface TrueOperation {
  readonly method: string;
  readonly segments: readonly string[];
  readonly template: string;
  readonly weight: number;
  readonly shape: number;
}

/** Deterministic, by seed: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `shapes` false: as if nobody looked at the responses. */
export function trafficOf(
  api: Api,
  { count, seed, shapes }: { count: number; seed: number; shapes: boolean },
) {
  const random = randomFrom(seed);
  const operations = api.operations.map((line, index) => operationOf(line, shapes ? index + 1 : 0));
  const total = operations.reduce((sum, { weight }) => sum + weight, 0);
  return Array.from({ length: count }, (_, now): TrueRequest => {
    const operation = weighted(operations, random() * total);
    const { method, template, segments, shape } = operation;
    const path = segments.map((segment) => `/${valueAt(segment, random)}`).join('');
    const empty = method === 'DELETE';
    return { method, template, path, now, status: empty ? 204 : 200, shape: empty ? 0 : shape };
  });
}

function weighted(operations: readonly TrueOperation[], at: number): TrueOperation {
  let left = at;
  for (const operation of operations) {
    left -= operation.weight;
    if (left < 0) return operation;
  }
  throw new RangeError(`no operation at ${at}`);
}

function operationOf(line: string, shape: number): TrueOperation {
  const [method = '', path = '', weight = '1'] = line.split(' ');
  return {
    method,
    segments: path.slice(1).split('/'),
    template: bare(path),
    weight: Number(weight),
    shape,
  };
}

/** A template without what its parameters are called. */
export function bare(template: string): string {
  return template.replaceAll(/\{[^}]*\}/g, '{}');
}

function valueAt(segment: string, random: () => number): string {
  const [, form, count] = /^\{\w+:(\w+)(?:\*(\d+))?\}$/.exec(segment) ?? [];
  if (form === undefined) return segment;
  // Some are asked for much more often than others.
  const which = Math.floor(random() ** 2 * Number(count ?? 5_000));
  const value = FORMS[form];
  if (value === undefined) throw new RangeError(`no form ${form}`);
  return value(randomFrom(which * 7_919 + form.length), which);
}

const WORDS =
  'amber basil cedar delta ember fable grove haven iris jolly karma lemon maple nova olive pearl quartz raven sable tulip umber velvet willow xenon yarrow zephyr'.split(
    ' ',
  );

const pick = (random: () => number) => WORDS[Math.floor(random() * WORDS.length)] ?? '';
const from = (random: () => number, alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)] ?? '').join('');

const HEX = '0123456789abcdef';
const POD = 'bcdfghjklmnpqrstvwxz2456789';
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const FORMS: Readonly<Record<string, (random: () => number, which: number) => string>> = {
  int: (_, which) => `${which + 1}`,
  uuid: (random) => [8, 4, 4, 4, 12].map((length) => from(random, HEX, length)).join('-'),
  objectid: (random) => from(random, HEX, 24),
  nanoid: (random) => from(random, `${BASE62}_-`, 22),
  slug: (random) => [pick(random), pick(random), pick(random)].join('-'),
  word: (_, which) => WORDS[which % WORDS.length] ?? '',
  name: (random, which) => (which % 3 === 0 ? pick(random) : `${pick(random)}-${pick(random)}`),
  user: (random, which) => (which % 2 === 0 ? `${pick(random)}${which}` : `${pick(random)}.${pick(random)}`),
  host: (_, which) => `worker-${which}.zone-a`,
  pod: (random) => `${pick(random)}-${from(random, POD, 10)}-${from(random, POD, 5)}`,
  replicaset: (random) => `${pick(random)}-${from(random, POD, 10)}`,
  tracking: (random) => `1Z${from(random, '0123456789ABCDEFGHJKLMNPRSTUVWXYZ', 16)}`,
  code: (random) => `${pick(random).toUpperCase()}${Math.floor(random() * 50)}`,
};
