import { expect, it } from 'vitest';
import { BOXES, vitestInNamespaces } from '../support/run-in-namespaces.ts';

// Side by side: they share nothing, and wait for deadlines most of the time.
it.concurrent.each(BOXES)(
  'an agent process %s',
  async (_, flags) => {
    const { code, output } = await vitestInNamespaces(flags, 'test/agent-process/inside/vitest.config.ts');
    expect(code, output).toBe(0);
  },
  900_000,
);
