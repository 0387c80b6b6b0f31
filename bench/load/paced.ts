import { join } from 'node:path';
import type { LoadResult } from './load-result.ts';

/** Small GETs over HTTP/1.1 at a rate that is kept, whatever the answers take. */
export interface PacedLoad {
  readonly path: string;
  readonly connections: number;
}

const CLIENT = join(import.meta.dirname, 'paced-client.ts');

export const pacedArgv = (
  load: PacedLoad,
  { host, port, ...run }: { host: string; port: number; rate: number; seconds: number },
): string[] => [
  ...[process.execPath, CLIENT, host, String(port), load.path],
  ...[load.connections, run.rate, run.seconds].map(String),
];

export function parsePaced(output: string, seconds: number): LoadResult {
  const { requests, p50, p99 } = JSON.parse(output) as { requests: number; p50: number; p99: number };
  return { requests, rps: requests / seconds, p50Microseconds: p50, p99Microseconds: p99 };
}
