import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { programFile } from './program-file.ts';

it.each(['roles/dataplane', 'roles/capture-worker'] as const)('finds %s where it runs from', (name) =>
  expect(existsSync(programFile(name))).toBe(true),
);
