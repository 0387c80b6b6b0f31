import fc from 'fast-check';
import { expect, test } from 'vitest';
import { corpus, type Said } from '../../testing/conversation.ts';
import { damaged } from '../../testing/damage.ts';
import { DENIAL, RelayPlaybook } from '../../testing/h2/relay-playbook.ts';
import { requestsByNode } from '../../testing/node-http2.ts';
import type { RequestHead } from './request-head.ts';

/** Whatever the relay forwards, Node's server (nghttp2) must see as the same requests: no room for smuggling. */

const RUNS = Number(process.env['EASTWALL_FUZZ_RUNS'] ?? 3_000);
const TIMEOUT_MS = 600_000;

/** Some of them, whatever damage has made of their paths. */
const isDenied = ({ path }: RequestHead): boolean => path.length % 3 === 0;

function play(said: readonly Said[]): RelayPlaybook {
  const book = new RelayPlaybook({ decide: (head) => (isDenied(head) ? DENIAL : null) });
  for (const { by, bytes } of said) book[by](bytes);
  return book;
}

test(
  'what is forwarded is to nghttp2 what it was judged as',
  async () => {
    const kept = corpus('h2');
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(damaged(kept), async (said) => {
        const book = play(said);
        const allowed = book.heads
          .filter((head) => head.fault === null && !isDenied(head))
          .map(({ streamId, method, path, authority }) => ({ streamId, method, path, authority }));
        const seen = await requestsByNode(book.sentUpstream);
        // Node may refuse what we pass, and all that comes after it.
        expect(seen).toEqual(allowed.slice(0, seen.length));
        compared += seen.length;
      }),
      { numRuns: RUNS },
    );
    // Damage must not end in refusals only.
    expect(compared).toBeGreaterThan(RUNS / 2);
  },
  TIMEOUT_MS,
);
