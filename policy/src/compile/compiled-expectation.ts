import type { ContractTerms } from '../detect/contract.ts';
import { CronSchedule } from '../detect/cron.ts';
import type { ApiExpectation } from '../model/policy.ts';
import { policyId } from '../model/policy-id.ts';
import { CallerIndex } from './caller-index.ts';
import { type CompiledOperation, EVERY_OPERATION } from './compiled-rules.ts';

/** A declared walk through ids, made ready once. Equal ids are one expectation, across versions of its policy. */
export interface CompiledExpectation {
  readonly id: string;
  readonly terms: ContractTerms;
  readonly to: readonly CompiledOperation[];
}

/** The expectations of one policy, and who they speak of. */
export interface CompiledExpectations {
  readonly list: readonly CompiledExpectation[];
  readonly callers: CallerIndex;
}

interface Source {
  readonly namespace: string;
  readonly name: string;
  readonly expectations?: readonly ApiExpectation[];
}

/** Throws when a schedule is invalid: a parsed policy has none, so that is a bug of whoever built the object. */
export function compileExpectations(
  source: Source,
  compile: (selector: NonNullable<ApiExpectation['to']>[number]) => CompiledOperation,
): CompiledExpectations {
  const { namespace, expectations = [] } = source;
  const list = expectations.map(({ name, to, distinctPerRun, schedule, runSeconds }) => ({
    id: `${policyId(source)}/${name}`,
    terms: { distinctPerRun, schedule: scheduleOf(schedule), runMs: runSeconds * 1_000 },
    to: to === undefined ? [EVERY_OPERATION] : to.map(compile),
  }));
  return { list, callers: new CallerIndex(namespace, expectations) };
}

function scheduleOf(text: string): CronSchedule {
  const parsed = CronSchedule.parse(text);
  if (!parsed.ok) throw new Error(`schedule \`${text}\`: ${parsed.error}`);
  return parsed.value;
}
