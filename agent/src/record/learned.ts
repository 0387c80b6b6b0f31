import { isSavedLength, readSavedOperation, type SavedOperation } from '@eastwall/policy';
import type { Place } from './operation-usage.ts';

/** What a dataplane has learnt of the traffic, as it outlives the process: no ids, and no values. */
export type Learned = LearnedOperation | LearnedProtocol | LearnedBaseline;

/** An operation of a destination, and what stands for it in the keys of baselines. */
export interface LearnedOperation extends Place {
  readonly kind: 'operation';
  readonly key: number;
  readonly saved: SavedOperation;
}

/** What connections to a destination have spoken. */
export interface LearnedProtocol {
  readonly kind: 'protocol';
  readonly destination: string;
  readonly connections: number;
  readonly ageMs: number;
  readonly drifts: number;
}

/** What is usual for a caller at a place for ids, by settings that are known by their hash. */
export interface LearnedBaseline {
  readonly kind: 'baseline';
  readonly settings: number;
  readonly numbers: readonly number[];
}

/** Of one message between control and a dataplane. */
export const MAX_LEARNED_PER_MESSAGE = 256;

const MAX_NAME = 1_024;
const MAX_PORT = 65_535;

/** What somebody says was learnt; null for what can't have been. */
export function readLearned(value: unknown): Learned | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  switch (fields['kind']) {
    case 'operation':
      return readOperation(fields);
    case 'protocol':
      return readProtocol(fields);
    case 'baseline':
      return readBaseline(fields);
    default:
      return null;
  }
}

function readOperation({
  namespace,
  service,
  port,
  key,
  saved,
}: Record<string, unknown>): LearnedOperation | null {
  const operation = readSavedOperation(saved);
  if (!isName(namespace) || !isName(service) || !isUpTo(port, MAX_PORT) || operation === null) return null;
  if (!Number.isInteger(key) || ((key as number) | 0) !== key) return null;
  return { kind: 'operation', namespace, service, port, key: key as number, saved: operation };
}

function readProtocol({
  destination,
  connections,
  ageMs,
  drifts,
}: Record<string, unknown>): LearnedProtocol | null {
  if (!isName(destination) || !isUpTo(connections) || !isUpTo(ageMs) || !isUpTo(drifts)) return null;
  return { kind: 'protocol', destination, connections, ageMs, drifts };
}

function readBaseline({ settings, numbers }: Record<string, unknown>): LearnedBaseline | null {
  if (!Number.isInteger(settings) || !Array.isArray(numbers) || !isSavedLength(numbers.length)) return null;
  if (!numbers.every((number) => isUpTo(number, 0xffffffff))) return null;
  return { kind: 'baseline', settings: settings as number, numbers: numbers as number[] };
}

const isName = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_NAME;
const isUpTo = (value: unknown, most = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
