import { PROVENANCE_LIMITS } from '@eastwall/policy';
import { EnumerationGuard } from '../guard/enumeration.ts';
import { IdReader } from '../guard/id-reader.ts';
import type { IdGuards } from '../guard/id-watch.ts';
import { PollutionGuard } from '../guard/pollution.ts';
import { Provenance } from '../guard/provenance.ts';
import type { DataplaneSettings } from '../ipc/messages.ts';
import { systemClock } from '../kernel/clock.ts';
import { inflate } from '../kernel/inflate.ts';

/** What a dataplane needs to read ids and to judge who asks for them. */
export function idGuards(settings: DataplaneSettings, wantInbound: () => void): IdGuards {
  const shown = { ...PROVENANCE_LIMITS.shown, periodMs: settings.provenanceMs };
  // A retry comes sooner than what was shown is forgotten.
  const retryMs = Math.min(PROVENANCE_LIMITS.asked.periodMs, settings.provenanceMs / 3);
  const asked = { ...PROVENANCE_LIMITS.asked, periodMs: retryMs };
  const reader = new IdReader({
    seed: settings.keys.idSeed,
    inflate,
  });
  return {
    reader,
    pollution: new PollutionGuard(reader.vocabulary.places),
    enumeration: new EnumerationGuard({
      now: systemClock.now,
      monotonic: systemClock.monotonic,
      provenance: new Provenance({
        limits: { ...PROVENANCE_LIMITS, shown, asked },
        maxWorkloads: settings.maxProvenanceWorkloads,
        shared: settings.newsMs > 0,
      }),
      maxKeys: settings.maxEnumerationKeys,
      inboundIdleMs: settings.inboundIdleMs,
      wantInbound,
    }),
  };
}
