import { expect, it } from 'vitest';
import { BOXES, vitestInNamespaces } from '../support/run-in-namespaces.ts';

/** A gigabyte among them, and gates that have to close by themselves. */
const PATIENCE_MS = 900_000;

// Side by side: they share nothing, and wait for deadlines most of the time.
it.concurrent.each(BOXES)(
  'intercepts pods %s',
  async (_, flags) => {
    const { code, output } = await vitestInNamespaces(flags, 'test/capture/inside/vitest.config.ts');
    expect(code, output).toBe(0);
  },
  PATIENCE_MS,
);
