import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../cluster/objects.ts';
import { logDirectory, logName } from './node-paths.ts';

const TAIL_BYTES = 2048;

/** The last lines that a pod's first container has written; empty when there are none. */
export function logTail(stateDir: string, { metadata, spec }: Pod, lines: number): string {
  const name = logName(metadata.namespace ?? '', metadata.name);
  let fd: number;
  try {
    fd = openSync(join(logDirectory(stateDir, spec.nodeName ?? ''), name), 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(fd);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(fd, tail, 0, tail.length, size - tail.length);
    return tail.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    closeSync(fd);
  }
}
