import fc from 'fast-check';
import { expect, test } from 'vitest';
import { corpus, type Said } from '../../testing/conversation.ts';
import { damaged } from '../../testing/damage.ts';
import { DENIAL, RelayPlaybook } from '../../testing/h2/relay-playbook.ts';
import { plainFields, requestsByNode, type ServedRequest } from '../../testing/node-http2.ts';
import type { FieldList } from './field-list.ts';
import type { RequestHead } from './request-head.ts';

/** Whatever the relay forwards, Node's server (nghttp2) must see as the same requests: no room for smuggling. */

const RUNS = Number(process.env['EASTWALL_FUZZ_RUNS'] ?? 3_000);
const TIMEOUT_MS = 600_000;

/** Some of them, whatever damage has made of their paths. */
const isDenied = ({ path }: RequestHead): boolean => path.length % 3 === 0;

const pairsOf = ({ names, values, length }: FieldList): [string, string][] =>
  Array.from({ length }, (_, at) => [names[at] ?? '', values[at] ?? '']);

/** What the relay has judged as allowed, and what it has sent upstream. */
function play(said: readonly Said[]) {
  const allowed: ServedRequest[] = [];
  const book = new RelayPlaybook({
    decide: (head) => {
      if (isDenied(head)) return DENIAL;
      const { streamId, method, path, authority, fields } = head;
      allowed.push({ streamId, method, path, authority, fields: plainFields(pairsOf(fields)) });
      return null;
    },
  });
  for (const { by, bytes } of said) book[by](bytes);
  return { allowed, sent: book.sentUpstream };
}

test(
  'what is forwarded is to nghttp2 what it was judged as',
  async () => {
    const kept = corpus('h2');
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(damaged(kept), async (said) => {
        const { allowed, sent } = play(said);
        const seen = await requestsByNode(sent);
        const judged = new Map(allowed.map((request) => [request.streamId, request]));
        expect(judged.size).toBe(allowed.length);
        // Node may refuse what we pass: one stream, such as one with an empty authority, or all that comes after it.
        for (const request of seen) {
          const ours = judged.get(request.streamId);
          // Of a field that came twice Node makes one.
          const names = new Set(Object.keys(ours?.fields ?? {}));
          const fields = Object.entries(request.fields).filter(([name]) => names.has(name));
          expect({ ...request, fields: Object.fromEntries(fields) }).toEqual(ours);
        }
        compared += seen.length;
      }),
      { numRuns: RUNS },
    );
    // Damage must not end in refusals only.
    expect(compared).toBeGreaterThan(RUNS / 2);
  },
  TIMEOUT_MS,
);
