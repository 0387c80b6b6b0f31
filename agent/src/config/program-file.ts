import { extname, join } from 'node:path';

/**
 * Path of another program of the agent. Sources and bundle have the same folders, and this code is one folder deep in
 * both: `src/config/*.ts`, `dist/shared/*.js`.
 */
export const programFile = (name: 'roles/dataplane' | 'roles/capture-worker'): string =>
  join(import.meta.dirname, '..', `${name}${extname(import.meta.filename)}`);
