import { join } from 'node:path';
import type { LoadResult } from './load-result.ts';

/** Bytes from the server to its callers, as fast as they go, in a protocol that nobody knows. */
export interface StreamLoad {
  readonly tool: 'stream';
  readonly connections: number;
}

/** Both ends of it: `serve <port>`, `read <host> <port> <connections> <seconds>`. */
export const STREAM_END = join(import.meta.dirname, 'stream-end.ts');

export const streamArgv = (
  load: StreamLoad,
  { host, port, seconds }: { readonly host: string; readonly port: number; readonly seconds: number },
): string[] => [
  ...[process.execPath, STREAM_END, 'read', host],
  ...[port, load.connections, seconds].map(String),
];

/** A request stands for a MiB. */
export function parseStream(output: string): LoadResult {
  const { bytes, seconds } = JSON.parse(output) as { bytes: number; seconds: number };
  const requests = bytes / (1 << 20);
  return { requests, rps: requests / seconds };
}
