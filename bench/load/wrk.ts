import { join } from 'node:path';
import type { LoadResult } from './load-result.ts';

/** What wrk sends: HTTP/1.1. */
export interface WrkLoad {
  readonly tool: 'wrk';
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly connections: number;
  readonly bodyBytes: number;
  readonly keepAlive: boolean;
  /** How long a connection rests after each answer, on average, in whole milliseconds; not at all unless given. */
  readonly pauseMs?: number;
  /** One unless given. */
  readonly threads?: number;
}

const SCRIPT = join(import.meta.dirname, 'wrk.lua');

/** What wrk.lua prints. */
interface Report {
  readonly requests: number;
  readonly microseconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers outside 2xx and 3xx. */
  readonly refused: number;
  /** Connections that failed, broke or timed out. */
  readonly broken: number;
}

export function wrkArgv(
  load: WrkLoad,
  { url, seconds }: { readonly url: string; readonly seconds: number },
): string[] {
  return [
    'wrk',
    ...['--threads', String(load.threads ?? 1), '--connections', String(load.connections)],
    ...['--duration', `${seconds}s`, '--timeout', '10s', '--script', SCRIPT, `${url}${load.path}`],
    ...['--', load.method, String(load.bodyBytes), load.keepAlive ? 'keep-alive' : 'close'],
    ...(load.pauseMs === undefined ? [] : [String(load.pauseMs)]),
  ];
}

/** A load of so many requests a second, whoever answers: connections rest, and there are as many as that takes. */
export const atPace = (load: WrkLoad & { readonly pauseMs: number }, rate: number): WrkLoad => ({
  ...load,
  connections: Math.max(load.threads ?? 1, Math.round((rate * load.pauseMs) / 1_000)),
});

/** Throws unless every request was answered with success: figures of failures compare nothing. */
export function parseWrk(output: string): LoadResult {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`wrk did not report: ${output}`);
  const { requests, microseconds, p50, p99, refused, broken } = JSON.parse(line) as Report;
  if (refused > 0 || broken > 0 || requests === 0) {
    throw new Error(`wrk: ${requests} requests, ${refused} refused, ${broken} broken connections`);
  }
  return { requests, rps: requests / (microseconds / 1e6), p50Microseconds: p50, p99Microseconds: p99 };
}
