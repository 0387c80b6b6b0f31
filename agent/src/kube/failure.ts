import { isObject, textAt } from '../identity/json.ts';
import { fetchProblem } from '../kernel/fetch-problem.ts';

/** Why a call to the kube API gave nothing. `status` is the HTTP status, or 0 when no answer came. */
export interface KubeFailure {
  readonly status: number;
  /** The API's own word, such as `Expired`; or ours: `Unreachable`, `BadAnswer`, `Idle`. */
  readonly reason: string;
  readonly message: string;
}

/** A refusal, told by the `Status` object that carries it; anything else (a proxy's HTML) by its HTTP status. */
export function refusal(status: number, body: unknown): KubeFailure {
  const told = isObject(body) ? body : {};
  return {
    status,
    reason: textAt(told, 'reason') || 'Unknown',
    message: textAt(told, 'message') || `the kube API answered ${status}`,
  };
}

export const unreachable = (error: unknown): KubeFailure => ({
  status: 0,
  reason: 'Unreachable',
  message: fetchProblem(error),
});

export const badAnswer = (message: string): KubeFailure => ({ status: 0, reason: 'BadAnswer', message });

export const idle = (ms: number): KubeFailure => ({
  status: 0,
  reason: 'Idle',
  message: `nothing came for ${ms / 1000} s`,
});

/** The version we asked from is no longer kept: only a new list helps. */
export const isGone = (failure: KubeFailure): boolean =>
  failure.status === 410 || failure.reason === 'Expired' || failure.reason === 'Gone';
