import { bindLibc } from './libc.ts';

type Trim = (pad: number) => number;

/** glibc's own: musl has no such call, and keeps little. */
const trim = ((): Trim | null => {
  try {
    return bindLibc<Trim>('int malloc_trim(size_t pad)');
  } catch {
    return null;
  }
})();

/**
 * Returns to the kernel what malloc keeps of what was freed: V8's compilers take up to 20 MiB for a moment, between what is
 * needed for long, and glibc only ever gives back from the end. Takes about a millisecond. False where there is nothing to
 * give back, or no way to.
 */
export const giveBackFreed = (): boolean => trim?.(0) === 1;
