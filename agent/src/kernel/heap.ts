import { setFlagsFromString } from 'node:v8';

/*
 * How V8 weighs memory against time. It reads these flags anew whenever it decides about its heap, so they can be
 * set while it runs; on the command line, everybody who starts an agent would have to know them.
 */

/**
 * Collects garbage rather than let the heap grow. Left alone, V8 takes whatever a burst of work may need, up to 128 MiB
 * for young objects alone, and gives little of it back. To be called before there is much on the heap; costs time.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** As V8 does by default: code is compiled for speed again. */
export function letHeapGrow(): void {
  setFlagsFromString('--no-optimize-for-size');
  setFlagsFromString('--semi-space-growth-factor=2');
}
