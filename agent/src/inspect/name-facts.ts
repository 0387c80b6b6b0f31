import { singular, wordsOf } from './words.ts';

/** What the name of a field says about its value. */
export const NAME = {
  /** Nothing. */
  plain: 0,
  /** It is an id: `id`, `orderId`, `order_ids`, `uuid`. */
  id: 1,
  /** It may be one: `number`, `ref`, `key`. */
  maybe: 2,
  /** It is none, whatever it looks like: times, amounts, secrets, and what is made up anew for each request. */
  never: 3,
} as const;
export type NameKind = (typeof NAME)[keyof typeof NAME];

/** Shorter values don't look like ids by themselves. */
export const SHORTEST_LOOKING = 11;
/** By kind: shorter values are not looked at. `17` under `number` may be anything. */
export const SHORTEST: Readonly<Record<NameKind, number>> = {
  [NAME.plain]: SHORTEST_LOOKING,
  [NAME.id]: 1,
  [NAME.maybe]: 4,
  [NAME.never]: 255,
};

/** Type null: that of the object round it. */
export interface NameFacts {
  readonly kind: NameKind;
  /** The type of an id by this name: the last word before `Id`, so that `parentOrderId` is an `order`'s. */
  readonly type: string | null;
  /** All words before `Id`: `fromAccount` and `toAccount` are no contradiction. */
  readonly entity: string | null;
  /** The type of a plain `id` in an object, or in objects of a list, by this name. */
  readonly inside: string | null;
  /** It is for several: `ids`, `orderIds`, `id[]`. */
  readonly many: boolean;
}

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

const ID_WORDS = set('id ids uuid uuids guid guids ulid ulids oid identifier identifiers');
const MANY_WORDS = set('ids uuids guids ulids identifiers keys numbers refs references codes');
const MAYBE_WORDS = set('key keys no number numbers ref refs reference references slug code codes');
/** What is not about objects: `requestId` is new in every request, `pageNumber` is a count. */
const NO_STEMS = set(
  'request trace span correlation idempotency nonce csrf xsrf session page phone house line row port zip postal country currency language error status version build api private public access primary tracking fax',
);
const NEVER_WORDS = set(
  'at time timestamp ts date datetime created updated modified deleted expires expiry expiration exp iat nbf since until epoch millis ms seconds ttl duration day month year hour ' +
    'price amount total subtotal count quantity qty size limit offset page pages per length width height weight lat lon lng latitude longitude score rating percent rate age balance tax discount cost level index position rank port ' +
    'hash sha256hash sha256 sha1 md5 digest checksum signature etag token secret password nonce cursor after before csrf fingerprint integrity traceparent',
);
/** Names that say how a message is built, and nothing about what is in it. */
const WRAPPERS = set(
  'data item items result results edge edges node nodes record records row rows entry entries list element elements object objects value values content contents payload body response request input hit hits page attribute attributes relationship relationships embedded source variables collection resource resources response params arguments args filter where before after previous current',
);

/** What there is to know of a name; asked once for each that is new. */
export function factsOf(name: string): NameFacts {
  const words = wordsOf(name);
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const kind = kindOf(words, last, before);
  const stem = before.at(-1);
  // `byId` is a map, not a field.
  if (stem === 'by') return { kind: NAME.plain, type: null, entity: null, inside: null, many: false };
  const many = name.endsWith('[]') || MANY_WORDS.has(last);
  const isId = kind === NAME.id || kind === NAME.maybe;
  if (isId && stem !== undefined) {
    const type = singular(stem);
    return { kind, type, entity: [...before.slice(0, -1), type].join('_'), inside: type, many };
  }
  const says = words.length > 0 && kind !== NAME.id && !(words.length === 1 && WRAPPERS.has(last));
  return { kind, type: null, entity: null, inside: says ? singular(last) : null, many };
}

function kindOf(words: readonly string[], last: string, before: readonly string[]): NameKind {
  const about = before.at(-1) ?? '';
  if (NO_STEMS.has(about)) return NAME.never;
  if (ID_WORDS.has(last)) return NAME.id;
  if (NEVER_WORDS.has(last) || NEVER_WORDS.has(words.join(''))) return NAME.never;
  return MAYBE_WORDS.has(last) ? NAME.maybe : NAME.plain;
}
