import { errnoText } from './errno.ts';
import { bindLibc, orErrno } from './libc.ts';

const RLIMIT_NOFILE = 7;

const getrlimit = bindLibc<(resource: number, limit: Uint8Array) => number>(
  'int getrlimit(int resource, void *limit)',
);
const setrlimit = bindLibc<(resource: number, limit: Uint8Array) => number>(
  'int setrlimit(int resource, const void *limit)',
);

/**
 * Raises the soft limit on open descriptors to the hard one, which needs no privilege. Every proxied connection takes
 * two, every pod about three, and container runtimes start processes with as few as 1024. Returns the limit now.
 */
export function raiseDescriptorLimit(): bigint {
  const limit = Buffer.alloc(16);
  const read = orErrno(getrlimit(RLIMIT_NOFILE, limit));
  if (read < 0) throw new Error(`getrlimit: ${errnoText(read)}`);
  const hard = limit.readBigUInt64LE(8);
  limit.writeBigUInt64LE(hard, 0);
  const written = orErrno(setrlimit(RLIMIT_NOFILE, limit));
  if (written < 0) throw new Error(`setrlimit: ${errnoText(written)}`);
  return hard;
}
