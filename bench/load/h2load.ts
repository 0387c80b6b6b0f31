import type { LoadResult } from './load-result.ts';

/** What h2load sends: GETs over HTTP/2 in cleartext, with prior knowledge. */
export interface H2Load {
  readonly tool: 'h2load';
  readonly path: string;
  readonly connections: number;
  /** Requests under way at once on each connection. */
  readonly streams: number;
}

export function h2loadArgv(
  load: H2Load,
  { url, seconds }: { readonly url: string; readonly seconds: number },
): string[] {
  return [
    'h2load',
    ...['--clients', String(load.connections), '--max-concurrent-streams', String(load.streams)],
    ...['--duration', String(seconds), '--threads', '1', `${url}${load.path}`],
  ];
}

const FINISHED = /^finished in .*?, ([\d.]+) req\/s/m;
const REQUESTS = /^requests: .*? (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/m;
const STATUS = /^status codes: (\d+) 2xx/m;

/** Throws unless every request was answered with success. */
export function parseH2load(output: string): LoadResult {
  const rps = Number(FINISHED.exec(output)?.[1]);
  const [succeeded, ...failures] = REQUESTS.exec(output)?.slice(1).map(Number) ?? [];
  const good = Number(STATUS.exec(output)?.[1]);
  // Streams that the end of the run cut off have a status but no end, so there may be a few more of the former.
  if (!succeeded || failures.some((count) => count > 0) || !(good >= succeeded)) {
    throw new Error(`h2load: not every request succeeded: ${output}`);
  }
  return { requests: succeeded, rps };
}
