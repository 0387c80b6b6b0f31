import { entityOfSegment, isAboutOne, subjectOf, subjectOfSegment } from './subject.ts';
import { ANY_TYPE, type TypeTable } from './type-table.ts';

/** What an operation's path says about the ids in its messages. Worked out once per operation. */
export interface OperationNames {
  /** Of a plain `id` in its bodies: `GET /orders` → `order`. */
  readonly type: number;
  /** In the order of the segments. */
  readonly parameters: readonly ParameterName[];
  /** It is about one object, so that a message without names begins with its id. */
  readonly aboutOne: boolean;
}

export interface ParameterName {
  /** Counts segments from 0. */
  readonly index: number;
  readonly type: number;
  readonly entity: number;
}

export const NO_OPERATION: OperationNames = { type: ANY_TYPE, parameters: [], aboutOne: false };

export interface OperationPath {
  /** `/orders/{orderId}/items`: a parameter is a whole segment in braces. */
  readonly template: string;
  /** Of a GraphQL operation; else empty. */
  readonly name: string;
}

/** A parameter is named by the last literal before it; a second one behind the same literal is something else. */
export function operationNames({ template, name }: OperationPath, types: TypeTable): OperationNames {
  const segments = template.split('/').slice(1);
  const parameters: ParameterName[] = [];
  let literal = '';
  let since = 0;
  let type = '';
  for (const [index, segment] of segments.entries()) {
    if (!/^\{.*\}$/.test(segment)) {
      literal = segment;
      since = 0;
      type = subjectOfSegment(segment) || type;
      continue;
    }
    since++;
    parameters.push({ index, ...parameterTypes(literal, since, types) });
  }
  const method = /^\/[\w.]+\.[\w.]+\/(\w+)$/.exec(template)?.[1] ?? name;
  const subject = (method === '' ? '' : subjectOf(method)) || type;
  return {
    type: subject === '' ? ANY_TYPE : types.intern(subject),
    parameters,
    aboutOne: method === '' || isAboutOne(method),
  };
}

function parameterTypes(literal: string, since: number, types: TypeTable) {
  const subject = subjectOfSegment(literal);
  if (subject === '' && since === 1) return { type: ANY_TYPE, entity: ANY_TYPE };
  const suffix = since > 1 ? `.${since}` : '';
  return {
    type: types.intern(subject + suffix),
    entity: types.intern(entityOfSegment(literal) + suffix),
  };
}
