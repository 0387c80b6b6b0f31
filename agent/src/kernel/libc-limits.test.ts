import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { raiseDescriptorLimit } from './libc-limits.ts';

it('raises the soft limit on descriptors to the hard one', () => {
  const limit = raiseDescriptorLimit();
  const [, soft, hard] =
    /Max open files\s+(\S+)\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  expect(soft).toBe(hard);
  expect(soft).toBe(String(limit));
});
