import type { LearnedOperation } from './learned-operation.ts';
import { REACH, type Reach } from './path-node.ts';
import { PARAMETER_TYPES, type ParameterType } from './segment-class.ts';

/** A parameter of a path: what it was seen to be, and what it takes. */
export type SavedParameter = readonly [type: ParameterType, reach: Reach];

/** An operation as it outlives the process that learnt it. Literals are parts of the API, parameters have no values. */
export interface SavedOperation {
  readonly method: string;
  readonly name: string;
  readonly segments: readonly (string | SavedParameter)[];
  /** The path is the operation's name, as gRPC's is. */
  readonly fixed: boolean;
  readonly seen: number;
  readonly lastSeen: number;
  readonly shapes: readonly number[];
  readonly shapeless: boolean;
}

/** More than any limit of a learner allows. */
const MAX_SEGMENTS = 64;
const MAX_TEXT = 256;
const MAX_SHAPES = 16;

export function savedOperation(operation: LearnedOperation): SavedOperation {
  const { method, name, seen, lastSeen, shapeless, node } = operation;
  const nodes = node.ancestry();
  return {
    method,
    name,
    segments: nodes.map(({ text, type, reach }) => text ?? ([type, reach] as const)),
    fixed: nodes.every(({ fixed }) => fixed),
    seen,
    lastSeen,
    shapes: [...operation.shapes],
    shapeless,
  };
}

/** What somebody says was saved; null when it can't have been. */
export function readSavedOperation(value: unknown): SavedOperation | null {
  if (typeof value !== 'object' || value === null) return null;
  const { method, name, segments, fixed, seen, lastSeen, shapes, shapeless } = value as Record<
    string,
    unknown
  >;
  if (!isText(method) || !isText(name) || !isAmount(seen) || !isAmount(lastSeen)) return null;
  if (typeof fixed !== 'boolean' || typeof shapeless !== 'boolean') return null;
  if (!Array.isArray(segments) || segments.length === 0 || segments.length > MAX_SEGMENTS) return null;
  if (!segments.every(isSegment)) return null;
  if (!Array.isArray(shapes) || shapes.length > MAX_SHAPES || !shapes.every(isInt32)) return null;
  return { method, name, segments, fixed, seen, lastSeen, shapes, shapeless };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_TEXT;
const isAmount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isInt32 = (value: unknown): value is number =>
  Number.isInteger(value) && ((value as number) | 0) === value;

function isSegment(value: unknown): value is string | SavedParameter {
  if (typeof value === 'string') return value.length <= MAX_TEXT && !value.includes('/');
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [type, reach] = value as unknown[];
  return (
    PARAMETER_TYPES.some((known) => known === type) && Object.values(REACH).some((known) => known === reach)
  );
}
