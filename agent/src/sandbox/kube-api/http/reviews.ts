import type { ObjectInput } from '../object.ts';
import type { Resource } from '../resource.ts';
import { readObject } from './body.ts';
import { type ApiReply, type ApiRequest, failure, json } from './exchange.ts';
import type { Target } from './target.ts';

/** Questions about rights and identity: created only, never stored. Everything is allowed here. */
interface Review {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced?: true;
  answer(request: ApiRequest): Readonly<Record<string, unknown>>;
}

const allowed = () => ({ allowed: true, reason: 'the sandbox allows everything' });

const EVERYTHING = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  incomplete: false,
};

const AUTHORIZATION = 'authorization.k8s.io';

const REVIEWS: readonly Review[] = [
  {
    group: AUTHORIZATION,
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    answer: allowed,
  },
  { group: AUTHORIZATION, plural: 'subjectaccessreviews', kind: 'SubjectAccessReview', answer: allowed },
  {
    group: AUTHORIZATION,
    plural: 'localsubjectaccessreviews',
    kind: 'LocalSubjectAccessReview',
    namespaced: true,
    answer: allowed,
  },
  {
    group: AUTHORIZATION,
    plural: 'selfsubjectrulesreviews',
    kind: 'SelfSubjectRulesReview',
    answer: () => EVERYTHING,
  },
  {
    group: 'authentication.k8s.io',
    plural: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    answer: ({ user }) => ({ userInfo: { username: user.name, groups: user.groups } }),
  },
];

/** For discovery: reviews look like resources that can only be created. */
export const REVIEW_RESOURCES: readonly Resource[] = REVIEWS.map(({ group, plural, kind, namespaced }) => ({
  group,
  plural,
  kind,
  singular: kind.toLowerCase(),
  listKind: `${kind}List`,
  shortNames: [],
  categories: [],
  namespaced: namespaced === true,
  custom: false,
  versions: [{ name: 'v1', status: false }],
  storageVersion: 'v1',
}));

/** The review that a target names, if it is one. */
export function answerReview(target: Target, request: ApiRequest): ApiReply | undefined {
  const { group, plural } = target.resource;
  const review = REVIEWS.find((known) => known.group === group && known.plural === plural);
  if (review === undefined) return undefined;
  const body = readObject(request, target);
  if (!body.ok) return failure(body.error);
  const question: ObjectInput = body.value;
  return json(201, { ...question, status: review.answer(request) });
}
