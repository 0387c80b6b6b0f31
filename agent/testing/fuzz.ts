import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Conversation, corpus, keep, type Said } from './conversation.ts';
import { damaged } from './damage.ts';

/** For each kind; a few seconds of all tests. Global settings, as those of `make fuzz`, count before it. */
const RUNS = 500;

/**
 * Says of every kept conversation of a kind, and of any damage to one, that `check` does not throw. What does break it is
 * added to those that are kept, so that it is tried in every later run.
 */
export function fuzz(kind: string, check: (said: readonly Said[], cuts: readonly number[]) => void): void {
  const kept = corpus(kind);
  describe(`kept conversations (${kind})`, () => {
    it.each(kept.map(({ name, said }): [string, Conversation['said']] => [name, said]))('%s', (_, said) => {
      check(said, []);
      check(said, [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]);
    });

    it('any damage to them', () => {
      const cuts = fc.array(fc.nat(4_000), { maxLength: 8 });
      const { interruptAfterTimeLimit, numRuns = RUNS } = fc.readConfigureGlobal();
      const limits = interruptAfterTimeLimit === undefined ? {} : { interruptAfterTimeLimit };
      const outcome = fc.check(fc.property(damaged(kept), cuts, check), { numRuns, ...limits });
      if (!outcome.failed || outcome.counterexample === null) return;
      const [said] = outcome.counterexample;
      const file = keep(kind, said, `found by seed ${outcome.seed}`);
      expect.fail(`${fc.defaultReportMessage(outcome)}\n\nkept as ${file}`);
    });
  });
}
