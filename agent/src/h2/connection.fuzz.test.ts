import { expect } from 'vitest';
import type { Said } from '../../testing/conversation.ts';
import { inPieces } from '../../testing/damage.ts';
import { fuzz } from '../../testing/fuzz.ts';
import { DENIAL, RelayPlaybook } from '../../testing/h2/relay-playbook.ts';

const play = (said: readonly Said[], deny = false): RelayPlaybook =>
  said.reduce(
    (book, { by, bytes }) => book[by](bytes),
    new RelayPlaybook({ decide: () => (deny ? DENIAL : null) }),
  );

const outcomeOf = ({ calls, ends, heads, responses }: RelayPlaybook) => ({
  calls,
  ends,
  responses,
  heads: heads.map(({ path, fault }) => `${path} ${fault}`),
});

/**
 * What both sides were sent. Without grants, since ours wait for the end of the frame that is being passed on, and that
 * may never come.
 */
const linesOf = (book: RelayPlaybook) => ({
  upstream: sent(book.atUpstream()),
  caller: sent(book.atCaller()),
});
const sent = (lines: readonly string[]) => lines.filter((line) => !/^(windowUpdate|rstStream)/.test(line));

fuzz('h2', (said, cuts) => {
  const whole = play(said);
  const cut = play(inPieces(said, cuts));
  expect(outcomeOf(cut)).toEqual(outcomeOf(whole));
  expect(whole.calls.filter((call) => call.startsWith('close')).length).toBeLessThanOrEqual(1);
  expect(whole.ends.length).toBeLessThanOrEqual(whole.heads.length);
  if (whole.calls.length > 0) return;
  // What either side is sent are whole frames, and its table of header fields is the one that we think it has.
  const lines = linesOf(whole);
  for (const line of [...lines.upstream, ...lines.caller]) expect(line).not.toMatch(/ bad_|truncated/);
  expect(linesOf(cut)).toEqual(lines);
  const refused = play(said, true);
  if (refused.calls.length > 0) return;
  expect(refused.atUpstream().filter((line) => /^(headers|data)/.test(line))).toEqual([]);
});
