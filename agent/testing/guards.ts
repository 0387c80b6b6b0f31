import { PROVENANCE_LIMITS } from '@eastwall/policy';
import { EnumerationGuard } from '../src/guard/enumeration.ts';
import { IdReader } from '../src/guard/id-reader.ts';
import type { IdGuards } from '../src/guard/id-watch.ts';
import { PollutionGuard } from '../src/guard/pollution.ts';
import { Provenance } from '../src/guard/provenance.ts';
import { inflate } from '../src/kernel/inflate.ts';
import { SEED } from './inspect.ts';

/** Guards of ids for a few workloads, by a clock of the test's. */
export function aGuardIds(now: () => number = () => 1_000): IdGuards {
  const provenance = new Provenance({ limits: PROVENANCE_LIMITS, maxWorkloads: 16, shared: false });
  const reader = new IdReader({ seed: SEED, inflate });
  return {
    reader,
    pollution: new PollutionGuard(reader.vocabulary.places),
    enumeration: new EnumerationGuard({
      now,
      monotonic: now,
      provenance,
      maxKeys: 256,
      inboundIdleMs: 3_600_000,
      wantInbound: () => {},
    }),
  };
}
