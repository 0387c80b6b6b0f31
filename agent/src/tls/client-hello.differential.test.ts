import fc from 'fast-check';
import { expect, test } from 'vitest';
import { corpus } from '../../testing/conversation.ts';
import { damaged } from '../../testing/damage.ts';
import { serverNameByNode } from '../../testing/node-tls.ts';
import { ClientHelloReader } from './client-hello.ts';

/** Policy is asked about the name that OpenSSL would take from the same bytes: nobody is told one host and reaches another. */

const RUNS = Number(process.env['EASTWALL_FUZZ_RUNS'] ?? 2_000);
const TIMEOUT_MS = 600_000;

test(
  'the server name is the one that OpenSSL reads',
  async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(damaged(corpus('tls')), async (said) => {
        const bytes = Uint8Array.from(said.flatMap((each) => [...each.bytes]));
        const answer = new ClientHelloReader().feed(bytes, 0, bytes.length);
        const name = await serverNameByNode(bytes);
        // Ours is the stricter one; OpenSSL may also give up before it looks for a name.
        if (answer.kind !== 'hello' || name === null) return;
        expect(answer.hello.sni).toBe(name.toLowerCase());
        compared++;
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 10);
  },
  TIMEOUT_MS,
);
